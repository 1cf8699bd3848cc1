"""The DICOM storage server: what scanners and workstations send lies here until it is processed."""
