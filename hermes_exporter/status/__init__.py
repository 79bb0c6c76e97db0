"""What a person is told of a host at one moment: views in, one document out, and its words."""
