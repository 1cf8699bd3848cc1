"""Left ventricle on generated and real cines, and where there is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from CardiacLVLib.analysis import analyze_cine
from CardiacLVLib.ventricle.segmentation import CAVITY, MYOCARDIUM, one_ventricle, segment_cine
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.metrics import dice
from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.reading import read_image, read_sequence
from MedImageLib.volume import Volume, VolumeSequence


def test_one_ventricle_keeps_the_largest_cavity_and_its_wall():
    labels = np.zeros((60, 60), np.uint8)
    labels[15:35, 15:35], labels[20:30, 20:30] = MYOCARDIUM, CAVITY
    labels[24, 24] = 0
    labels[50:54, 50:54] = CAVITY
    labels[48:50, 50:54] = MYOCARDIUM
    cleaned = one_ventricle(labels)
    assert cleaned[24, 24] == CAVITY
    assert (cleaned == CAVITY).sum() == 100
    assert (cleaned == MYOCARDIUM).sum() == 300
    assert not one_ventricle(np.full((9, 9), MYOCARDIUM, np.uint8)).any()


def test_generated_beat_is_followed():
    generated = generate_cine(CineSettings(seed=2, slices=6, frames=8))
    found = segment_cine(generated.sequence)
    truth = np.stack([labels.array for labels in generated.labels]) == 1
    cavity = np.stack([labels.array for labels in found.labels]) == CAVITY
    assert dice(truth, cavity) > 0.7
    assert np.corrcoef(generated.volumes_ml, found.cavity_volume_ml)[0, 1] > 0.8
    frames = len(generated.labels)
    apart = abs(found.es_frame - generated.es_frame)
    assert min(apart, frames - apart) <= 1


def test_a_ct_is_refused():
    frame = Volume(np.zeros((1, 64, 64)), Geometry((1, 64, 64)), modality="CT")
    with pytest.raises(InputError, match="CT"):
        segment_cine(VolumeSequence((frame, frame), (0.0, 1.0)))


def test_without_spacing_no_volumes_are_given():
    generated = generate_cine(CineSettings(seed=2, slices=3, frames=2))
    frames = tuple(
        dataclasses.replace(f, geometry=dataclasses.replace(f.geometry, spacing_known=False))
        for f in generated.sequence.frames
    )
    found = segment_cine(VolumeSequence(frames, generated.sequence.index_values))
    assert found.cavity_volume_ml is None
    assert any(remark.code == "spacing-estimated" for remark in found.remarks)


def test_real_cine_beats_at_the_right_time(data_dir):
    cine = read_sequence(data_dir / "cmr_cine_nifti4d" / "SC-HF-I-02_s04-06_20phases.nii.gz")
    found = analyze_cine(cine).measured.phases
    # Contoured at end diastole in frame 19 and at end systole in frame 6 (from 0).
    assert min(abs(found.ed_frame - 19), 20 - abs(found.ed_frame - 19)) <= 1
    assert abs(found.es_frame - 6) <= 1


def test_a_brain_is_no_cine(data_dir):
    with pytest.raises(InputError, match="one volume"):
        read_sequence(data_dir / "mr_negatives" / "brain_epi_ge")
    brain = read_image(data_dir / "mr_negatives" / "brain_epi_ge")
    assert brain.array.shape[0] > 1
