"""An AWS on this machine: moto and what it lacks, with real jobs and endpoints behind it."""
