"""Starts the Java server as the toolkit does, with its configuration in the working directory."""

from pathlib import Path

from sagemaker_inference import model_server

model_server.MMS_CONFIG_FILE = str(Path.cwd() / "mms.properties")
model_server.start_model_server()
