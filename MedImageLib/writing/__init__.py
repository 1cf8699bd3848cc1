"""Writers of DICOM and research formats; every output appears by rename of a finished file."""
