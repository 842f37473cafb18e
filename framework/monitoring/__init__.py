"""python -m framework monitor: live requests against the data that the model was trained on."""
