"""What Hermes and the kernel leave to be read: each module turns one artefact into a frozen record."""
