"""The status page: what is in the local AWS, for people who would rather look than read."""
