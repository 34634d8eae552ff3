"""One phantom view as a DICOM mammogram: 12 bits stored, MONOCHROME1 where it is inverted, marked as synthetic."""

import hashlib
from pathlib import Path

from tflite_mammo.data.phantoms.draw import PhantomView


def write_dicom(path: Path, view: PhantomView) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

    # The UID follows from the pixels: the same seed gives the same file, byte for byte.
    digest = hashlib.sha256(view.pixels.tobytes() + path.name.encode()).hexdigest()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[digest])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.PatientID = view.patient
    dataset.PatientName = "Phantom^Synthetic"
    dataset.ImageComments = "Synthetic phantom drawn by tflite-mammo; no person was imaged"
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality = view.side[0].upper()
    dataset.ViewPosition = view.view
    dataset.PhotometricInterpretation = "MONOCHROME1" if view.inverted else "MONOCHROME2"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = view.pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = view.pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
