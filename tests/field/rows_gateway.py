"""Failures of the gateway's process."""

from tests.field.row import Row

UP, CONDITION = "hermes_gateway_up", "hermes_profile_condition"
STARTS, UNCLEAN = "hermes_gateway_starts_total", "hermes_gateway_unclean_exits_total"
DEAD, LOOPS, FROZEN = "HermesGatewayDead", "HermesGatewayCrashLooping", "HermesGatewayFrozen"

ROWS = {
    "stuck in its stop": Row(
        (66892,),
        "told to stop, it drains for a day: its loop is frozen, its process lives",
        (CONDITION, "hermes_gateway_state", "hermes_gateway_heartbeat_timestamp_seconds"),
        FROZEN,
    ),
    "wedged loop, fresh beat": Row(
        (87128,),
        "from 0.20.5 on one task or the whole event loop hangs, and a thread of its own goes on beating",
        why="the beat is a thread's, process and lock are there, the notes of messengers stay as they were",
    ),
    "watchdog kills": Row(
        (102000, 76541, 113372, 114778),
        "killed by its own watchdog every few minutes, for days, and started again each time",
        (CONDITION, STARTS, UNCLEAN),
        LOOPS,
    ),
    "deadlock before its lock": Row(
        (89750,),
        "hangs before it logs anything: a process, no lock, and the files of the one before it",
        (UP, "hermes_gateway_state"),
        DEAD,
    ),
    "deadlock while starting": Row(
        (89750, 100968),
        "takes its lock, says that it is starting, and hangs, as on a lease that a killed one left",
        (CONDITION, "hermes_gateway_state"),
        FROZEN,
    ),
    "hung turn": Row(
        (72016, 10274, 71720, 15654),
        "one conversation's turn never ends, all the rest goes on",
        ("hermes_gateway_active_agents", "hermes_gateway_state_timestamp_seconds"),
    ),
    "huge exit diagnostics": Row(
        (31981,),
        "crashes again and again until its log of exits has 63 MB",
        (UNCLEAN, STARTS, CONDITION),
        LOOPS,
    ),
    "stale pid after a reboot": Row(
        (13655, 21915),
        "after a reboot another process has the pid of its record; it takes that for itself and never starts",
        (UP, "hermes_gateway_proof"),
        DEAD,
    ),
    "replace duel": Row(
        (29092, 60269, 57739, 21549),
        "two of them replace each other again and again, of one profile or of two",
        (CONDITION, STARTS, "hermes_gateway_stop_announced_timestamp_seconds"),
        LOOPS,
    ),
    "host election loop": Row(
        (77582, 119807, 119467),
        "the host of several profiles is elected anew and started 83 times",
        (CONDITION, STARTS),
        LOOPS,
    ),
    "port conflict ends the host": Row(
        (52796,),
        "one profile's port is taken: the host of all of them ends in good order, for nine hours",
        (UP, "hermes_gateway_state", "hermes_profile_info"),
        DEAD,
    ),
    "slot for a served profile": Row(
        (85413, 94813),
        "a supervisor starts one for a profile that is served: refused for its port, again and again",
        (CONDITION, STARTS, "hermes_profile_info"),
        LOOPS,
    ),
    "never started again": Row(
        (99215, 56524, 98625, 48234),
        "an update stops it and does not start it: 38 hours down",
        (UP, "hermes_update_last_units_failed", "hermes_update_last_outcome"),
        DEAD,
    ),
    "job restarts it": Row(
        (30719, 51976, 21189),
        "a job restarts the gateway that runs it, and is run again: every ten seconds",
        (CONDITION, STARTS, "hermes_cron_job_runs_total"),
        LOOPS,
    ),
    "start storm": Row(
        (79519, 73203),
        "an update helper or an agent starts it again and again; systemd knows nothing of it",
        (CONDITION, STARTS),
        LOOPS,
    ),
    "container restart": Row(
        (42675, 33597, 34339, 102915),
        "the container is up again, and its gateway stays stopped as it was",
        (UP, "hermes_gateway_state", "hermes_profile_gateway_expected"),
        DEAD,
    ),
    "leak until killed": Row(
        (58817, 81625, 80764),
        "grows to 60 GB until the kernel kills it",
        ("hermes_gateway_resident_memory_bytes", UNCLEAN, UP),
        DEAD,
    ),
    "descriptor leak": Row(
        (14210, 60859, 37011, 72782),
        "out of file descriptors: it lives, and its cron cannot read anything",
        ("hermes_gateway_open_fds", "hermes_gateway_max_fds", CONDITION),
        "HermesCronSchedulerStalled",
    ),
    "said not to run": Row(
        (61981, 20254, 97360, 16264, 106406, 89315),
        "Hermes' own status calls it not running, and deletes its records: no failure, it lives",
        (UP, "hermes_gateway_proof"),
    ),
    "said to run for another": Row(
        (110166, 10669, 94764),
        "Hermes' own status takes another profile's gateway for this one's",
        (UP, "hermes_gateway_proof"),
        DEAD,
    ),
    "false green": Row(
        (99579, 99631, 98790),
        "a stale file says that it runs, and its pid is that of another process",
        (UP, "hermes_gateway_state"),
        DEAD,
    ),
    "watched without a trace": Row(
        (106406, 89315),
        "looking at it deletes its records: the exporter changes nothing",
        (UP,),
    ),
    "silent death": Row(
        (112628, 84694, 107619),
        "dead for hours, its files say running",
        (CONDITION, UP, UNCLEAN),
        DEAD,
    ),
    "held by a signal": Row((), "stopped by SIGSTOP: it keeps its lock and does nothing", (UP, CONDITION), FROZEN),
    "zombie": Row((), "ended, and nobody has collected it: a process, and nothing behind it", (UP,), DEAD),
    "started by hand": Row((), "works, and will be gone after a reboot", ("hermes_gateway_supervised", UP)),
    "planned restart": Row((), "stopped and started again by its owner: no failure", (UP,)),
    "planned slow stop": Row(
        (), "takes a minute to stop, as its unit lets it, before it is started again: no failure", (UP, CONDITION)
    ),
    "idle 0.19": Row(
        (),
        "has had nothing to do for hours and written nothing: no failure",
        ("hermes_gateway_state_timestamp_seconds",),
    ),
    "served without a record": Row(
        (110166,), "a served profile has no pid file of its own: no failure", ("hermes_profile_info", UP)
    ),
    "unseen beside a container": Row(
        (),
        "its processes are in a container of their own: its beat decides, and its end is told",
        ("hermes_gateway_proof", UP),
        DEAD,
    ),
    "fresh installation": Row((), "nothing was ever started, there are no jobs: no failure", (CONDITION,)),
    "suspended laptop": Row(
        (), "asleep for a night: nobody answered, and nothing else was wrong", (CONDITION,), "HermesExporterDown"
    ),
    "clock set back": Row(
        (),
        "what Hermes wrote lies in the future: no age is negative, nothing is called dead",
        ("hermes_exporter_future_timestamps_total", UP),
    ),
}
