"""Training code sees the SM_* variables that SageMaker's toolkits set."""

import json
import os


def test_training_code_sees_the_toolkits_variables(job):
    job.configure(
        "hyperparameters", {"rate": "0.5", "optimizer": '"adam"', "sagemaker_region": "x"}
    )
    job.configure("inputdataconfig", {"train": {}, "test-set": {}})
    job.configure(
        "resourceconfig",
        {
            "current_host": "algo-1",
            "hosts": ["algo-1", "algo-2"],
            "network_interface_name": "eth1",
            "current_instance_type": "ml.m5.xlarge",
        },
    )
    job.write_train(
        """
        import json
        seen = {k: v for k, v in os.environ.items() if k.startswith(("SM_", "PYTHONHASH"))}
        (job.output_data_dir / "seen.json").write_text(json.dumps(seen))
        return {"offset": 1.0}
        """,
        fields="rate: float = 0.1\noptimizer: str = 'sgd'",
    )
    job.write_data("test-set", "data.csv", "1\n")

    run = job.run()

    assert run.code == 0, run.log
    seen = json.loads((job.base / "output/data/algo-1/seen.json").read_text())
    assert seen["SM_MODEL_DIR"] == str(job.model)
    assert seen["SM_CHANNEL_TRAIN"] == str(job.base / "input/data/train")
    assert seen["SM_CHANNEL_TEST_SET"] == str(job.base / "input/data/test-set")
    assert json.loads(seen["SM_CHANNELS"]) == ["test-set", "train"]
    assert json.loads(seen["SM_HPS"]) == {"rate": 0.5, "optimizer": "adam"}
    assert (seen["SM_HP_RATE"], seen["SM_HP_OPTIMIZER"]) == ("0.5", "adam")
    assert json.loads(seen["SM_USER_ARGS"]) == ["--rate", "0.5", "--optimizer", "adam"]
    assert json.loads(seen["SM_HOSTS"]) == ["algo-1", "algo-2"]
    assert (seen["SM_CURRENT_HOST"], seen["SM_CURRENT_HOST_RANK"]) == ("algo-1", "0")
    assert (seen["SM_HOST_COUNT"], seen["SM_MASTER_ADDR"]) == ("2", "algo-1")
    assert seen["SM_NETWORK_INTERFACE_NAME"] == "eth1"
    assert seen["SM_CURRENT_INSTANCE_TYPE"] == "ml.m5.xlarge"
    assert 1 <= int(seen["SM_NUM_CPUS"]) <= (os.cpu_count() or 1)
    assert seen["SM_NUM_GPUS"].isdigit()
    assert seen["SM_LOG_LEVEL"] == "20"
    assert seen["SM_OUTPUT_DATA_DIR"] == str(job.base / "output/data/algo-1")
    assert json.loads(seen["SM_TRAINING_ENV"])["hps"] == {"rate": 0.5, "optimizer": "adam"}
    assert seen["PYTHONHASHSEED"] == "0"


def test_hyperparameters_too_long_for_a_variable_still_reach_the_trainer(job):
    job.configure("hyperparameters", {"optimizer": "x" * 200_000})
    job.write_train("return {'offset': float(len(self.optimizer))}", fields="optimizer: str = ''")

    run = job.run()

    assert run.code == 0, run.log
