import numpy as np
import pytest

from tflite_mammo.auditing.fingerprint import MARKS, PX, detail_of, fingerprint


def as_tensor(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image)[:, :, None]


def test_a_phantom_has_marks_that_lie_on_the_picture(originals) -> None:
    found = fingerprint(as_tensor(originals[0]))
    assert len(found.points) == len(found.marks) > MARKS // 2
    assert found.marks.shape[1] == 128
    assert (found.points >= 0).all()
    assert (found.points < PX).all()


@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_image_has_no_marks(level: int) -> None:
    found = fingerprint(np.full((64, 64, 1), level, np.uint8))
    assert (found.points.shape, found.marks.shape) == ((0, 2), (0, 128))


def test_noise_is_not_blown_up_to_the_contrast_of_tissue(originals) -> None:
    noise = np.random.default_rng(0).integers(100, 103, (128, 128, 1)).astype(np.uint8)
    assert detail_of(noise).std() < 0.25
    assert detail_of(10 * (noise - 95)).std() > 0.8


def test_a_fingerprint_mirrored_is_nearly_that_of_the_mirrored_image(originals) -> None:
    square = originals[0][:128, :128]
    mirrored, expected = fingerprint(as_tensor(square)).mirrored(), fingerprint(as_tensor(square[::-1]))
    apart = np.linalg.norm(expected.marks[:, None].astype(float) - mirrored.marks, axis=2)
    assert np.median(apart.min(axis=0)) < 100  # of marks of different places about 500
    shift = expected.points[apart.argmin(axis=0)] - mirrored.points
    assert np.median(np.linalg.norm(shift, axis=1)) < 1


def test_every_colour_is_seen(originals) -> None:
    grey = as_tensor(originals[0])
    without_red = np.concatenate([np.zeros_like(grey), grey, grey], axis=2)
    assert len(fingerprint(without_red).marks) > MARKS // 2
    np.testing.assert_array_equal(fingerprint(np.repeat(grey, 3, axis=2)).marks, fingerprint(grey).marks)


def test_a_picture_that_is_not_square_keeps_its_shape_in_a_corner() -> None:
    detail = detail_of(np.random.default_rng(0).integers(0, 256, (160, 80, 1)).astype(np.uint8))
    assert detail.shape == (PX, PX)
    assert np.abs(detail[:, : PX // 2]).mean() > 0.3
    assert not detail[:, PX // 2 + 20 :].any()


def test_brightness_changes_little_in_the_detail(originals) -> None:
    one, other = detail_of(as_tensor(originals[0])), detail_of(as_tensor(originals[0] // 2))
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95
