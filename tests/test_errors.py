from tflite_mammo.errors import missing_extra


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    message = str(missing_extra("pydicom", "dicom"))
    assert message == "the package pydicom is not installed; install it with: pip install 'tflite-mammo[dicom]'"
