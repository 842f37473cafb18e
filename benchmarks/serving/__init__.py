"""Our server and its peers: the same models, the same rows, one machine, in turn.

    python -m benchmarks.serving --rounds 3 --seconds 3
    python -m benchmarks.serving --servers plain litserve --only linear-csv ping

Each peer runs in an environment of its own with the settings that its documentation recommends,
with two processes, and with one thread for BLAS and OpenMP, as ours does. Answers are checked
before anything is measured: different rows asked at the same time must get what predict says
in-process.

- `peers/`: a server each: how it is installed, started and asked
- `algorithm/`, `models`: what is served, trained by the framework's own training job
- `cases`: what is measured, with the aims and floors
- `load`: wrk; `inprocess`: the least that an answer could take
- `rounds`, `probes`, `starts`, `memory`: the four kinds of measurement; `bench` runs them
- `report`: the table, the plot, the JSON
"""
