<?xml version="1.0" encoding="utf-8"?>
<TS version="2.1" sourcelanguage="en">
 <context>
  <name>MedImage</name>
  <message>
   <source>## Accuracy</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>## Limits</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>## Training data</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>(far beyond)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, about {0} left</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, and</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, and {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, another place fits as well {0} mm away</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, confidence {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, found no image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, made with another version or settings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, on average {0}{1} apart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, one session.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, reaches the end of the scan.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, with a path for compressed volumes</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, {0} failed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>- Licence: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>- Made by: `{0}`</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>- Research use. Not a medical device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>- SHA-256 of the weights: `{0}`</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>95 % interval</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>95 % mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>: not a short-axis</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; at most {0} % of normal scans reach it</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; no time in milliseconds is known.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; places cannot be compared without a common frame of reference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; the level is at most intermediate</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; without PATH, the images are screened before anything else</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>; {0} not used: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>? Not gradable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A DICOM SR refers to a DICOM series; the scan is none.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A DICOM date is written YYYYMMDD, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A DICOM time is written HHMMSS, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A closed contour of region {0} has {1} points.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A color picture, turned to gray; no radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A contour of region {0} has no whole number of points (x, y, z).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A contour of region {0} lies between slices.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A date before {0} was taken as unknown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A diseased organ is not a bad scan, and a normal verdict is no diagnosis</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A diseased organ is not a bad scan: disease, implants and rare anatomy may be called abnormal, too.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A displacement field of shape {0} does not fit a grid of {1}; expected {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A displacement field would explain {0} only of what the rigid offset leaves unlike, so that the rigid offset is kept. Nothing bent, or the voxels are too coarse to show it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A field on {0} voxels has no gradient; 2 are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A file was to be written to {0}, which is a folder. Name a file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A folder was to be written to {0}, which is a file. Name a folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A foreign object lies outside of the lungs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A foreign object lies over the lungs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A grid needs three positive sizes (k, j, i), got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A headless application is open already. Close it first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A label map has no sharpness; give an image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A label map holds integers, not {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A left ventricle is seen.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A link leads to a file beside the page, not to {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A localizer: for planning a scan, not for measuring.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A network needs at least two classes and one block.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A picture without spacing: no lengths in millimeters are given.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A radiograph is one image; this has {0} slices ({1}). Choose the radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A radiograph is one picture, got {0} slices.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A radiograph is written with the pitch of its detector; it is not known.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A review needs the name of the reviewer.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A scene is written as .mrb, not {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A segmentation needs a label map, not an image of intensities.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A sequence of {0} frames; its first one stands for it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A setting is {0}; only finite numbers can be written.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A stroke draws or erases.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A stroke has 1 to {0} points, finite ones.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A structure is reviewed only by whoever has seen it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A target contour can be made once first and second contour are approved.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A threshold is used when it is more accurate than the preset rate.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A threshold of zero would ask about every image; raise it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A training needs a model, the folder of its data and a folder to train in; choose all three.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A verdict is 'approve' or 'reject'.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A volume of modality {0} cannot be written as DICOM; expected {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A window needs both ends, low and high, or none of them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Abnormal for a {0}: {1}{2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Accuracy of every candidate threshold of {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>After registration the images agree by {0} only, {1} is expected of one patient: another patient or another region. Do not use the displacement field.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>All Python packages are installed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>All conditions that were assessed are satisfied.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>All images share a frame of reference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An ROC curve needs both kinds of images, got {0} positive and {1} negative ones. Score images of both kinds.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An RTSTRUCT refers to DICOM images; give a DICOM series, not a file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An axial series is made of a DICOM series with a file for each slice.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An image of modality {0} has no default sharpness; known are {1}. Give settings.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An image of {0} × {1} × {2} voxels was thinned to {3} mm; the displacement field and the moved image are given on that grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>An offset is three numbers each: translation_mm, rotation_deg, center_mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Anatomic codes - DICOM master list</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Anatomical Structure</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Anomaly map: orange where brighter, striped blue where darker than the reconstruction by 2 to 6 standard deviations.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Answers: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Aorta</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Application Support</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Array of shape {0} does not fit a grid of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Arrays of shapes {0} and {1} cannot be compared.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>At most {0} % false alarms were asked for, but the {1} patients that set the threshold can promise no less than {2} %; it takes {3} patients. The threshold is as high as their scans allow.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Attenuation Coefficient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Axial, made of tilted slices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Axis directions must be orthonormal, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Binary labelmap</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Binary labelmap|</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Blend of equal parts</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Body</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Bone</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Borderline: {0} is nearer to the limit than the measurement is sure of ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Brainstem</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Bull's-eye of the AHA's segments: base outside, apex inside, septum at the left. Segment 17 lies on no short-axis slice.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CHEST 2 VIEWS</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CONE BEAM</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CT (cone beam)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CT values run from {0} to {1} HU; files hold {2} to {3}. Clip them before writing.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CT without offset</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Calibrated on {0} held-out images of {1} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Calibrated on {0} samples by {1}, {2}, for the rule set {3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Calibration of the image metric: {0}, revision {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancelled. The same button goes on from what was trained.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancelled; everything is as it was.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancelled; nothing was changed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cannot be graded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiothoracic ratio</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiothoracic ratio {0}: {1}, limit {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiothoracic ratio: not assessable (heart or a lung was not found).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiothoracic ratio: not assessable ({0}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Caution: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cavity contour (Dice)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check body part and extent of the series.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check body part, orientation and positioning.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check dose and reconstruction filter.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check dose or coil; repeat the scan if noise hides the anatomy.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check for motion and filters; repeat the scan if it is not sharp.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check for motion, interference and the coil; repeat the series if it is seen.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check gray values, calibration and shading with an earlier scan of this device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check orientation and patient position in the header and the picture.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check the calibration of Hounsfield units and beam hardening correction.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check the calibration of the detector and for interference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check the calibration of the detector; an air calibration may remove rings.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check the field of view and what covers the patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check the field of view and what lies beside the patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Check window, exposure and the export of gray values.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Chest radiograph (Hannover, CC BY 3.0)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Chest radiograph, objects</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Chest radiograph, seed {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Chest radiograph: quality level and findings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Chest: body silhouette inside of the exposed field, between the apex of the higher lung and the lower of the costophrenic corners.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine MR, 240 untouched DICOM files (Sunnybrook, CC0)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine MR, three slices (Sunnybrook, CC0)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine MR, {0} {1} x {2} phases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine indices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine indices regressed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cine volumes</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Clavicles</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Closed surface</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Command line</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Compare noise, sharpness and gray values with an earlier scan of this device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Compare the number of slices with the scanner and send the series again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Computed Tomography</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Condition {0}: candidates go from {1} to {2}; give the smaller number first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Condition {0}: consequence '{1}' does not suit the subject '{2}'; 'level' is for organs and foreign objects, 'intermediate' and 'caution' are for the picture.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cone-beam CT is taken as CT; its values are no Hounsfield units.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contoured, to be reviewed: {0}. {1} organs by the network.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours and indices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours belong to region {0}: not defined.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours of the further images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours of the planning CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours on MR are experimental: the network has learned from CT in made-up MR contrasts and was never scored on an MR. Look at every slice, or carry contours of a CT over.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours on the planning CT, to be reviewed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours on {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours run along the borders of voxels; {0}. Research use. Not a medical device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours that are {0} name reviewer, date and time.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Contours: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Curve {0}: {1} values for {2} index values; give as many.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Curves in one plot need the same units, and at least one is needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>DO NOT USE: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Data: sha256 is {0}; give 64 hexadecimal digits.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Deformable registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>DeformableSettings.field_steps has {0} numbers for {1} grids; give one for each.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Deformation degree</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Deformation of the body: 95 % below {0} mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Detection {0}: its mask has {1} pixels, the radiograph has {2}. Bring the mask to the grid of the radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Device {0} is not available here; use auto or cpu.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Did you mean '{0}'?</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Did you mean {0}?</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Disk quota exceeded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Displacement field</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Displacement field: local volume between {0} and {1} times, no folds.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Do not use the field here: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Do not use the field in {0} of the common body; the map shows where.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Does not look like a frontal chest radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ED frame, from 0</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ES frame, from 0</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Edges agree by {0} only (one third is chance): another patient, another region, or a failed registration. Do not use it unchecked.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End diastole and end systole cannot be told from the areas.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End diastole and end systole cannot be told from the volume curve.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End diastole in frame {0}, end systole in frame {1}; fractional area change of slice {2}: {3}. No volumes: {4}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End systole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Enter your name first; it is kept with what you do.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Esophagus</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Every plane comes {0} times and none of {1} tells them apart.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Every region has voxels on the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Every slice counts in the frames in which a cavity is labeled on it; the slices of outflow tract and atrium count where they are labeled, and there is no correction for the motion of the base through the slices.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Exit code 0 only if every step held.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Exit code: 0 all well, 1 no short-axis cine or failed, 2 wrong usage.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Exit code: 0 all well, 1 some cases failed, 2 wrong usage.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>FOR PRESENTATION</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fetching {0} of {1} MB</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>File name {0}: give it relative to the result, with /.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Files of the registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>First image: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>First level: sufficient confidence for a finding.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>For research use; not a medical device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Foreign object</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame of reference: different.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame of reference: not recorded for both.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame of reference: shared</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame of the study, counted from 0.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame {0} about {1}: {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame {0} of the label map holds {1}; expected 0 background, 1 cavity, 2 myocardium.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Frame {0}, slice {1}: {2} measured {3} {4}, regressed {5}{6} {7}; usual differences are {8} to {9}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From the distances of good images alone: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Further image {0} ({1}), on the grid of the planning CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Further image {0} ({1}): {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Further images were left alone. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fused by {0}: for looking, not for measuring.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fused by {0}: {1} of the edges kept, entropy {2} bit.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fused image and deformation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fusing by {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Gains by scale, display curve</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated MR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated chest radiograph</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated cine</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated images; these figures say nothing about accuracy on patients.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated later CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated phantom, no person. For research use only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated planning CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated studies</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated, mean of the networks</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Generated: CT in made-up MR contrasts, another one for each patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Give a matrix or a displacement field, not both.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Give the anterior insertion, or the images to find it in.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Good enough for a finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Gray values:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Groups of features: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heart and lungs hardly differ in gray: this may be no frontal view. Look at it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Hounsfield unit</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ISO_IR 192</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image Orientation (Patient) is missing</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image Orientation (Patient) is not two perpendicular unit vectors</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image Position (Patient) is missing</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image of shape {0} and labels of shape {1} do not fit.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Image {0} ({1}), {2}, with the body outline of the planning CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Images have different frames of reference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Images of two following days without times of day are taken as of different periods; they may be less than a day apart.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Images or contours of the study were changed since you looked. Nothing was computed; look again and repeat it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Imaging mode: {0} and {1}, {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>In the DICOM SEG of this large scan smaller structures are cut out of larger ones.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>In {0} of the common body the images stay unlike or both directions disagree: do not use the displacement field.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>In {0} of {1} registration says not to use the field.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Indices by the ensemble</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Indices of shapes {0} and {1}; both must be (frame, slice, {2}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Indices, {0} slice {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Input: one view of {0}³ voxels of {1} mm of each image; output: {2} points in each, then six numbers</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Intermediate level: usable, with the limits named below.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Is this scan normal? {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>It cannot be told whether this is a {0} or a {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Kind of image: {0}; grid {1} × {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Known: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>L, nats; worst slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Label values of segments are 1 or higher, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Labels of shape {0} and images of shape {1}; both must be (frame, slice, j, i).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Labels: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Largest cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Larynx</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Last level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left kidney</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left out, for they have no place in the patient: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left out, their matrix or pixel spacing differs: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left parotid gland</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left scapula</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left ventricle {0} mL at end diastole (frame {1}), {2} mL at end systole (frame {3}), ejection fraction {4} %.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left ventricular cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left ventricular myocardium</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Liver</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Log-likelihood in nats</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Look at the anomaly map: foreign objects, metal, damaged parts or disease.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Look at the scan before it is used</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Look at the worst slices below.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Look for covered, empty or damaged parts.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Looks like a frontal chest radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Looks like a normal {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Lungs and heart are not seen clearly (confidence {0}, {1} needed).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MONOCHROME1: the values were turned over, bright is dense.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Made by a program; not reviewed by a person yet.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Made of contours that were approved before.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Magnetic Resonance Imaging</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Mandible</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Markov chains with a fitted density</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage AutoContour</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage SEG</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage SR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage device</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage image metric</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MedImage: processed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Middle slice of the first frame; no left ventricle was found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Missing: {0}; about {1} MB in all.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Monte Carlo, q(z|x) (the source's; not unbiased)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Most unusual slices: {0} of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Name the person who answers.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Name the structures and what was seen of each.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Neither contour holds a region.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Neither given nor told by the file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Network: 3-D, {0} parameters</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Network: {0}-D, {1} levels, {2} parameters; grid {3} ({4})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Networks: variational autoencoder {0} × {1}, {2} attributes, decoder covariance {3}{4}; {5} parameters</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Networks: {0} deep layer aggregation networks of {1} parameters; target image {2} at {3} mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No DICOM SEG was written. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No DICOM SR of the volumes was written. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No DICOM objects were written: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No DICOM series was named; label map and segmentation were written.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No OpenGL library that renders without a display was found, so no pictures of views can be made. Install one: 'apt-get install libegl1 libgl1-mesa-dri' (Debian, Ubuntu; 'libosmesa6' does as well) or 'dnf install mesa-libEGL mesa-dri-drivers' (Fedora).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No RTSTRUCT was written. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No body was found on the scan.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No candidate is more accurate than the preset rate {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No contours to be reviewed were found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No detector of lungs is installed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No displacement field was made, since the rigid offset does not hold.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No files were given; expected images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No finding is given.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No folder is chosen; choose one with model.json and weights.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No heart rate is recorded; {0}/min follows from the times of the frames, if they cover {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No image is referred to.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No image of the study can be processed; expected a CT, MR or PET volume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No intended use stated.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No labeled CT was found below {0}; check the index names.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No labeled image was found below {0}; check the index names.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No left ventricle is seen.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No left ventricle was found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No left ventricle was found; nothing was measured.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No modality is recorded; taken as CT, since it has {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No modality is recorded; taken as {0} by a hint only ({1}). Correct the tag if it is wrong.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No model {0} was imported; shipped models cannot be removed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No myocardium is labeled at end diastole.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No node was given; expected a {0}. Select one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No object is annotated on these images; a FROC curve needs some.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No patient fell into the folds to learn from; give more patients.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No patient is held out to set the threshold; give more patients.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No phases are told: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No pixel spacing is recorded; nothing is given in mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No pixel spacing is recorded; {0} mm was estimated from the size of the heart to look at it at the right scale, and no areas are given in mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No processor is named {0}. Known: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No recorded modality is contradicted by the gray values.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No sample is named '{0}'. Known: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No space left on device</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No study has arrived yet.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No {0} was found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Non-rigid registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Normal for a {0}: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not a rigid 4 × 4 matrix: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessable:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessable: {0} ({1}). The level is at most intermediate.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessable: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessable: {0}{1}{2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not assessed, without effect on the level: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not calibrated: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not gradable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not gradable: the lungs could not be assessed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not measured.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not satisfied</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not to be used: repeat the exposure</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Note: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Nothing was drawn; draw the cavity on one slice at least.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Nothing was drawn; there is nothing to be saved.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Nothing was found; there are no DICOM objects.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Nothing was written for {0}: the writer left no file behind.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Notification, to be read aloud</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>OBI CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ON-BOARD IMAG</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Of slice {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>On MR there are contours of organs alone; organs were switched off.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>On {0} of {1} pictures segmentation and regression differ by more than usual; look at these first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>One lung is less than a quarter of the other.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>One slice without a thickness: 1 mm assumed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Only sequences of MR volumes can be written as a DICOM cine.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Only the spacing at the detector is known: lengths in the patient are smaller by the magnification (often 5 to 15 %).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Only {0} of the smaller body is common: the images show other regions, or no offset was found. Do not use it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Orange: what did not satisfy a condition; foreign objects with their confidence.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Origin must be finite, got {0} mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Orthanc did not start; see {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Orthanc is not installed: apt-get install orthanc orthanc-dicomweb</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Orthanc, {0}, DICOM port {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Other objects there: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Other studies are being computed; try again when they are done.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Out of fold, folds {0} of 0 to 4; patients never shared; drawn organs that the volume holds whole; on the volumes' own coarse grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Out of fold, folds {0}, patients never shared.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Out of fold, patients never shared, against a reading by eye.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Outlines of what was found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Over {0} pixels. Blank and blurred images are likely, too: the likelihood alone does not decide.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Overlap with the exact truth (generated)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Overlap with the lung, out of fold</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Own frames are told from the slice's areas alone; area change lies between them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>PALETTE COLOR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pages of the steps</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Papillary muscles and trabeculae count as cavity, not as myocardium.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Papillary muscles and trabeculae count as myocardium in areas, volumes and mass; contours, dimensions and thicknesses go around them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient {0}:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient {0}: type {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patients of the named fold, which was held out; four pairs of views each, turned up to 30 degrees and shifted up to 40 mm, cut; mm over eight points 60 mm from the middle along each axis. Stored are the weights of fold {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Period: a date is missing; {0}, so {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Period: {0} days apart, {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Period: {0}, {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Phantom generator</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Phantom study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pixel Spacing is missing or zero</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pixel Spacing is missing or zero: nothing can be measured in millimeters.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pixels of type {0} cannot be written; convert them to integers or float32.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Plain chest X-ray</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Planes {0} (from 0) lie beyond the base: their cavity does not shrink while the ventricle empties, as in the atrium; they were left empty.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Planning CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Planning CT with {0} further images ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Planning CT, later CT and MR of one deformed patient, seed 5</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Planning CT, {0}, body outline.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pleural effusion</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pneumothorax</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Polynomial and periodic fit agree on end diastole and end systole.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Polynomial and periodic fit place end diastole {0} and end systole {1} frame(s) apart; look at the curve.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Port {0} of {1} cannot be used: {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Processed by MedImage {0}; content SHA-256 {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ProcessingTable.{0} asks for {1} without 'register', which they need; add it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ProcessingTable.{0} is {1}; each step stands once, in the order {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Processor {0} gave no Result.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Processor {0} has no settings.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Putting in place</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>PyTorch is needed for this and was not installed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>PyTorch is not installed. Install the extension PyTorch in the Extensions Manager, restart the application and try again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Quality Assessment</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Quality level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Radioactivity concentration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Radiograph quality, left-ventricle indices and radiotherapy contouring.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Radiotherapy study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading both images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the data</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real frames: each patient by the one network that has not learned from it (folds by likeness, patients never shared), centered on the labeled cavity, along the usual direction of the display; not the mean of the networks. Generated frames (1.3 mm, signal-to-noise ratio 20, papillary muscles): mean of the networks, cines that none has seen, along the label's insertion.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real studies</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real test images were not there and were left out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real, out of fold, all frames</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real, out of fold, end diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real, out of fold, end systole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Real, out of fold, spacing known</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reconstruction: the same image made from what normal images have in common.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recorded modality and gray values of an image disagree, or none is recorded.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Region {0} has no contours.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Region {0} {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Region: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Registration of before</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Report and scene</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Resampled linearly to axial slices; research use</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rescale Slope is zero</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rescale Type says the values are not HU.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Research only, the level does not allow it:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Research use. Not a medical device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reset by {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Ribs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right kidney</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right parotid gland</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right scapula</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right ventricular cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rigid registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>RigidOffset.{0} is {1}; give three finite numbers.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Row and column directions are not perpendicular: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rows and Columns are missing: no image, or the header is cut short</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rule set {0}: a condition is listed twice; list it once.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Rule set {0}: scapula_stands_on is {1}; choose at least one of {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Run the same command again to resume. Every subfolder counts as a patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>SUV by body weight was computed from the header.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>SUV cannot be computed: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>SamplesPerPixel is {0}, expected 1 or 3</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Scanner values without a known range were stretched by their own least and greatest; too little contrast cannot be told from them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Score and likelihood disagree: look at the scan</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Score of every slice; squares reach the threshold of single slices (dashed).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Scores of normal scans that the model has not learned from, the threshold, this scan.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Second contour {0}: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Second contour, on image {0} ({1}), to be reviewed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Second level: not to be used; repeat the exposure.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segmentation and regression agree on every picture.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segmentation category and type - 3D Slicer General Anatomy list</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segmentation category and type - DICOM master list</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Several source images lie in one plane; give those of one moment.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sharpness and contrast were adjusted: not for measuring.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Short-axis cine MR, 20 phases, seed 7</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Short-axis cine MR: left ventricle</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sides of the image must be multiples of {0}, got {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Site profile: a condition has two thresholds in one stratum.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Site profile: format_version is {0}; this software reads {1}. Calibrate again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slice {0} of {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slice {0}, the most unusual one, as</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slicer 5.12.0 1</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slicer's parts cannot be loaded ({0}). Install slicer-core (5.12 or newer).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slices lie {0} mm apart; contours are rough.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Smallest cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Solid lines: greatest widths of heart and lungs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Something is being computed; wait for it, or cancel it first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Source images without a place in the patient: only one can be.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spacing must be positive and finite, got {0} mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spinal canal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spinal cord</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spine</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spleen</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Standardized Uptake Value</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Standardized Uptake Value body weight</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>State of the condition or finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Step {0} of {1}, loss {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stitching takes bone from {0} and soft tissue from {1}, but the images are {2} and {3}; choose the first or the second contour.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stomach</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Strokes by {0} are not saved yet; save or discard them, then review what is there.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>TLS needs both, certificate and key.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Taken as CT: {0}, but it has {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Target contour, to be reviewed: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The DICOMweb server answered with nonsense ({0}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The DICOMweb server answered with {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The DICOMweb server cannot be reached ({0}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The Dask scheduler is gone. What was finished is kept; run the same command to continue.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The Dask scheduler is gone; it is looked for again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The algorithm type is {0}, not of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The answer is {0}; it must be 'modify' or 'keep'.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The box {0} needs orthonormal axes and positive sizes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The browser end answered with {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The cavity is larger at end systole than at end diastole on slice(s) {0} (from 0); look whether atrium or outflow tract is labeled there.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The certificate of {0} is not trusted; name the file of who signed it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The certificate {0} cannot be used with its key: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The cine has {0} frame(s); phases need at least 2, one beat or more.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The cine with most planes was taken; {0} other images were left out and {1} could not be read.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The column {0} mixes text and numbers; use one kind of value.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The computation ended by itself (exit code {0}). {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The computation failed ({0}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The contours of the two images lie on different grids; bring one onto the grid of the other by the rigid offset first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The contours were changed{0} since you looked. Your last step was not done; look at the contours as they are now and repeat it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The contours were given, not found in the cine.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The curve {0} needs two points or more, got {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The deformation exceeds the predetermined degree. Modify the treatment plan?</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The deformation is below its threshold; nothing is asked.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The displacement field folds.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The displacement field has shape {0}; its grid needs {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The displacement field holds values that are not finite.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The displacement field {0} has shape {1}; its grid needs {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The displacement field {0} holds values that are not finite.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The display window of the header was applied.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The distance of slices varies from {0} to {1} mm; they were resampled to even steps of {2} mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The drawn contour has {0} voxels and the cine {1}; draw it on the cine's own grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The extension SlicerVirtualReality is not installed; install it in the Extensions Manager.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The field folds space in {0}: it is not to be trusted there.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The field has shape {0}, not {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The field may be used where the map does not refuse it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The field would have folded and was made stiffer.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file defines no region.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file does not say the size of its voxels.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file does not say the time of its frames in milliseconds.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file does not say what it shows; it is judged as {0}, which it is most like.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file holds SUV already; nothing was converted.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file is a secondary capture.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file names no space; its axes were taken as RAS.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The file names no space; taken as LPS.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The first of {0} frames was read.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The folder {0} exists and is not empty; it is left as it is. Name another one or ask for replacement.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The fourth axis was taken as time.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The frames of a sequence must share one grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The gray values are inverted (lungs bright); they were turned back.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The grid of the field is left-handed; DICOM grids are not.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The grid of {0} planes x {1} phases is incomplete, {2} images instead of {3}: {4}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The header names the body part {0}, not the chest.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The header says a lateral view ({0}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The headset cannot be used: {0}. Connect it, start its own program and try again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The heart does not lie between the lungs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The heart lies above the middle of both lungs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The heart lies on the wrong side: the picture seems to be mirrored and was assessed unmirrored. Check the side marker; dextrocardia looks the same.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The heart lies toward the picture's left: the picture may be mirrored. Its sides were kept. Check the side marker; dextrocardia and a shifted mediastinum look alike.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The heart rate is not known.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image as</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image has {0} × {1} pixels; at least {2} on each side are needed to see a chest.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image has {0} × {1} pixels; at least {2} on each side are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image holds values that are not finite; it cannot be adjusted.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image holds values that are not finite; it cannot be normalized.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image holds values that are not finite; it has no likelihood.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image holds values that are not finite; read it from its source.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image holds values that are not finite; repair or convert it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is constant (gray value {0}); nothing can be seen on it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is constant ({0}); it has no contrast.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is noise: neighboring pixels have nothing in common. Choose the radiograph, or read it again from its source.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is not a CT in Hounsfield units by its gray values ({0}). Check the modality, and the rescale intercept of the series.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is tagged as MR but is none by its gray values ({0}). Check the modality of the series.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is unlike any {0} that the model has learned from: it may show another body part, lie differently, or be no scan at all (a photograph, a page).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image is {0}; contours are made on CT. There is no contour model of other modalities but an experiment: carry contours of a CT over by registration.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The image quality is that of usual scans</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The images belong to different patients by their identity. Do not use the registration unless you know that both are one person; correct the identity at the source.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The images belong to different patients by their identity; they are no pair.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The images belong to {0} patients by their identity; images of different patients are never paired.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The images of a result are gone; it stays without its record.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The images overlap, their edges agree, and parts and measures find one offset.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The index {0} is not there; sources name a CSV in the data folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The indices were measured on the contours only, without a second way: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map has shape {0}, the field {1}; give contours on the grid of the field.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map has {0} frames and the cine {1}; give one label map for every frame, as labels.nii.gz holds them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map has {0} slices, the source {1} images; give the images of one volume, one per slice.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map has {0} voxels and the cine {1}; edit it on the cine's own grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map holds values {0} that stand for no segment; name them besides {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map is empty; a DICOM SEG holds at least one segment.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map is not on the source's grid: a corner is {0} mm away. Resample it to the source before writing.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map lies at another place or has another spacing than the cine; edit it on the cine's own grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label map must have the shape of the volume.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The label of segment {0} is {1}; expected 1 or up.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The level is {0}; choose one of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The line {0} needs two points, got shape {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The lungs are not assessable{0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The lungs are not located within the allowed range of the picture</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The mask of {0} is not on the grid of the image; resample it first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The matrix of the grid is not finite or has an axis of no length.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The modality is {0}, not a radiograph (CR, DX). Choose the chest radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The model was calibrated on too few stacks; the worst slice counts.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The model {0} was imported before; remove it first, or replace it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The moving image does not reach the fixed one anywhere; register them first, or check that both show the same patient and region.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The moving image fits better when mirrored left to right: one of both is likely flipped. Do not use the registration; check the orientation at the source.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The name of region {0} was made safe.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The node {0} is a {1}; expected a {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The node {0} is no regular grid in millimeters: {1} Resample it to an orthogonal grid (module Resample Scalar/Vector/DWI Volume).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The node {0} is under the deformable transform {1}; its voxels lie on no regular grid. Harden the transform first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The offset is no JSON.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The offset is not certain to {0} mm: halves of the body by themselves end {1} mm away, another measure {2} mm{3}. Check it by eye before use.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The offset must be a rigid 4 × 4 matrix in LPS mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The offset was given by a person and kept; DICOM registration objects of it are not written here.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The output folder is the input folder. Name another one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The package slicer at {0} is not that of 3D Slicer. Remove the PyPI package named slicer (shap brings it) and install slicer-core again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The package {0} is missing; install it above.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The page cannot be served on {0}: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The patient axes of the slices are unknown or fit no short axis; the anterior side was told from the usual display, seen from the apex.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture as it was read; nothing was found on it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture does not satisfy a further criterion</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture has no place in the patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture is partly transparent; this is ignored.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture is shown upright, bright where dense.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture was turned as its EXIF tag says.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The picture was turned by {0}° counterclockwise; it was assessed upright.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The pixels are MONOCHROME1 (dark is high); the values were left as stored and are not to be used as Hounsfield units or other quantities.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The plan is kept, answered {0}; {1} in a row.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The plan is to be modified, answered {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The planes name different frames of reference, as anonymized copies do; they were put together by their positions.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The planning CT was not contoured. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The posture of the shoulders was to be fitted on {0} graded flanks of {1} folds, {2} of them marked; two folds with free and marked flanks are needed. Grade more flanks, or train more folds.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The quaternion of the header is no rotation.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The question of {0} has no answer yet.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The question of {0} was answered '{1}' by {2}; an answer is not changed. Ask anew.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radiograph cannot be graded.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radiograph holds {0}, more than {1} bits can.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radiograph is of the first level and good enough for a finding.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radiograph is of the intermediate level and can be used.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radiograph is of the second level and should be repeated.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The radius of a stroke lies above 0 and up to {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The reading {0} is not there; sources name a CSV in the data folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The regions lie in several frames of reference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The request holds no JSON object.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The resource {0} is not in {1}. Install the product with its Resources folder, or name the folder in {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The result has no end diastole and end systole to compare with.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The right ventricle does not stand out; the anterior insertion was taken from {0}. Check it: the regions of the wall depend on it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The right ventricle stands out little (confidence {0}); check the anterior insertion, on which the regions of the wall depend.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The right ventricle's insertion is clear.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The rigid offset is the whole mapping: no deformation was seen.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scan has {0} slices; at least {1} are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scan {0} (score {1}, threshold {2}, {3}): look at it before you use what was measured on it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scapulae cover too much</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scene {0} could not be read: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scene {0} could not be written: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The scheduler at {0} has no workers. Start some with 'dask worker'.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The second series has no frame of reference; a registration object cannot refer to it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The segmentation {0} has no reference grid; name the volume whose grid is wanted (Segmentations module, Source geometry).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The segmentation {0} has no segment named {1}; it has {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The segmentation {0} needs a label map, not an image of intensities.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The segmentation {0} was drawn or changed by a person and is not overwritten. Choose another segmentation, or create a new one, for the result.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The segments of {0} could not be put on one grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The sequence {0} has index values that are no numbers: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The sequence {0} is empty. Load or record frames.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The series holds {0} stacks of different geometry.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The series was split by {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The server broke off while it sent images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The server did not send the images: status {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The server did not take {0}: reason {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The sform is sheared; the qform was used.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The slice seldom shows a cavity.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The slices are shifted against each other in their plane (tilt {0} degrees); they were resampled to an orthogonal grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The slices are tilted by {0}° from axial. The RTSTRUCT lies on a derived axial series in {1}; label map and DICOM SEG lie on the series itself.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The slices are tilted by {0}° from axial; RTSTRUCT contours are expected on axial slices. Resample image and masks to axial slices, or write a DICOM SEG.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The source's images are not of the label map's size {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The spacing of pixels or slices is not known in millimeters.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The spacing of the image is not known; organs cannot be told by size.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The spacing of the volume is not known; a DICOM series needs it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The spacing of the {0} image is not known; set it first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The spine is off the middle of the picture</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The stored weights are those of fold 0, which never saw its patients.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The stroke is not complete.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The stroke lies outside of the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The structure {0} is not in the table of structures. {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The structures lie in another frame of reference than the images; they are not to be placed on them without a registration.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The study has no such file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The study holds no CT volume; a planning CT is needed as reference.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The study's result does not name the image that was registered.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The table {0} has no column {1}; it has {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The tag says CT, but the values do not look like it: {0}. Check the export.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The token has fewer than {0} characters.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The token is shorter than {0} characters.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The transform {0} cannot be inverted: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The transform {0} holds no displacement field from the fixed image; name the grid on which its displacements are wanted.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The transform {0} is deformable; expected a linear one. Read it as a displacement field.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The transform {0} is no affine 4 × 4 matrix: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The two contours lie on different grids; resample one to the other.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The unit of length is {0}; taken as {1} mm.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The user requested (constraint)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The value</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The verdicts that were named ({0}) are of other images; whether this scan looks normal was not asked.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The volume node {0} holds no image to draw.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The volume node {0} holds no image. Load one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The volume node {0} holds {1} values a voxel (a color or vector image); expected one. Convert it to a scalar volume.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The width of a display window must be positive, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The window ends at {0}, not above {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} contour is {1}; a target contour is made of approved ones. Review it first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image cannot be fused: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image has voxels of {1} mm; at most {2} mm are expected of a patient. Check its spacing.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image has {1} voxels; at least 4 along each axis are needed for a rotation in space.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image holds values that are not finite.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image holds values that are not finite; it cannot be fused.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image is a label map; give an image to be fused.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image is a label map; give an image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} image is constant; nothing can be registered on it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The {0} was not found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There are no {0} contours; choose from {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no axis {0}; expected one of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no function {0} ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no further image: one mode, one period.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no image {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no mask; a DICOM SEG holds at least one segment.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no model for this kind of image (modality {0}, {1} slices); there are models for {2}. Train one with `medimage anomaly train`.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no processed study of that id. It may have been moved away.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no region; an RTSTRUCT holds at least one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no scene file {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no slice {0} along {1}; there are {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no stroke to be taken back.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no such structure among the contours.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is nothing here</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is one slice; volumes need a stack from base to apex.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This is a color picture, not a radiograph. Choose a gray radiograph.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This is a color picture, not a scan. Choose a gray image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This is not the token of {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This is research software and no medical device.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This network has levels 1 to {0}, not {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This study has no registered pair of that name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This study has no {0} contours.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Threshold {0}: used is true, but there is no threshold.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Time (s)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>To be looked at: both ways differ</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>To improve it</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Too few organs of head and neck fit one another; the scan seems to show another region of the body, and none of these organs is contoured.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Trachea</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Trained. Read its card and its figures; Import, above, takes it into use.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Trained; the figures lie in its folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Two and more deviations are named in the summary.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Two segments of {0} have one label: {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Two slices lie in the same plane.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Type {0}: {1}. Steps: {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Units is '{0}', not BQML</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unknown host</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unknown orientation {0}; expected one of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unknown origin</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unknown view {0}; expected one of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unsure which kind of image this is. {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unsure: as a whole this looks like a normal {0} ({1}), but {2}, more than of nearly all normal scans. Look at these slices.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unsure: the features look like a normal {0} ({1}), but the likelihood is one that normal images hardly have, or its estimators disagree. Look at the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unusable - Quality renders image unusable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unusual: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Usable - Does not meet the quality control standard</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Usable - Meets the quality control standard</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Usable, with limits</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Volumes of contours</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>What is unusual</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>When it is repeated</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Where the displacement field is not to be used, coronal.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Where the thresholds come from</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Whether this is a short-axis cine is in doubt: {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Whoever draws gives a name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Whole, drawn organs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Withheld, the level does not allow it</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Worst slices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a PDU of {0} bytes was announced</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a PDU took too long</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a foreign object may hide a corner</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a foreign object may hide an outline</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a foreign object may hide or imitate a pleural line</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a further criterion</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a lung was not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a network has at least one level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a node of our own, since Orthanc is not installed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a person not named</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a pleural line may be lost in clipped gray values</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a single image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a structure set refers to it</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>abnormal from here on</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>air near −1000 ({0}) and soft tissue near 0 HU ({1})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>all its frames are the same image, nothing moves</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>already done</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>and its planes lie {0} degrees from those usual across the heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>and the range of the regressed values.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>and the {0} ({1})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>anomaly map</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>apices covered</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>approved by a person</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>area change (%)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at bound</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at least</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at least {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at least {} needed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at most {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>at most {} allowed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>axial series</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>axial slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>axis 0 index unit</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>axis 0 index values</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>beat_starts is {0}; it must rise within 0 … {1}, at least 2 frames from beat to beat.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>beats is {0}; {1} frames can hold 1 to {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>begin median mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>below 20 mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>body pose</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>both empty</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>by {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>by {0}, {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>called, free</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>called, marked</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cardiac hypertrophy (enlarged heart silhouette)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>carried by displacement field</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cavities lie {0} mm off a common axis</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cavity area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cavity at ED ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cavity at ES ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>cavity, end diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>center line</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>chosen among {0} {1} images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>clipped share</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>compression: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>conditions, level, findings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>contours and indices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>dataSelected(vtkStringArray*, vtkCollection*)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>database or disk is full</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>decay is corrected to '{0}', expected START or ADMIN</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>default kept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>default {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>default: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>default: {0}; not calibrated here{1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>depends on</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>deviations from normal scans</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>different modes, different periods</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>different modes, same period</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>different or unknown studies</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>different periods</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>diffusion weighting</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>dimension {0} {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>dimensions must be 2 or 3, got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>dimensions {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>distance of the start from the truth, held-out patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>do not use</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>does not lie where it should beside the other organs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>done, {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>drawn anew</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>drawn by people; indices measured from the label's contours</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>drawn by {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>echo number or stack</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>echo time</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>edges: straight borders, cut-off parts, or too few edges</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>edited by a person</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>effective samples</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>end diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>end systole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ensemble, mean ± 2 spreads</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>every pixel has the value {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>expected to heal by itself</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>exposed field</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>extended</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>faint lines along rows, columns or circles about the middle</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>features: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>field used</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>file {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>foreign object</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>foreign object confidence</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>foreign objects</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>found in the images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>frame of reference</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>frame {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>from {0} to {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>frontal chest radiograph</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>further objects, chest</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>g/mL (SUV)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>generated {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>generated; indices measured from exact labels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has a contour twice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has contours across slices, which are left out</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has contours that cross themselves</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has contours that overlap, now joined</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has gaps that were not filled</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has no voxel on the image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has open contours, now closed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has open contours, which are left out</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has {0} mL; {1} to {2} mL are known</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>has {0} planes beyond the image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>head-and-neck CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>heart, CTR {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>held-out normal scans</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>high risk</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holds no pixels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holds points, which have no area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holds values that are not finite</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holds {0} values only, as a label map does</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holes are contours of their own inside of the outer one (exclusive or)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>holes are joined to the outer contour by a keyhole channel</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>how the body lies: mirrored, upside down or turned</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>how the image lies: mirrored, upside down or turned</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>image of unknown mode</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>image type</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>importance sampling</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>in work</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>installed is</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>is constant ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>is none</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it holds a single frame, and a beat needs at least two</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it holds {0}{1}, and no sequence of at least two phases of a beat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it is a color picture, such as a screenshot, and no MR image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it is a label map</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it is a localizer</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it is a single slice; a volume is needed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it is echo-planar imaging with {0} ms from image to image, as of functional MR, far slower than a beat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it was not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>it {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its field of view is {0} mm, expected {1} to {2} mm; check the spacing in the file</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its modality is neither recorded nor told by the pixels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its modality {0} is not one that is processed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its model is damaged ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its pixels are {0}, expected {1} to {2} mm; check the spacing in the file</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its pixels are {0}, far from square; check the spacing in the file</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its planes are {0} mm apart, expected {1} to {2} mm; check the spacing in the file</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its planes have {0} x {1} pixels, and a heart needs at least {2} x {3}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its spacing is not known</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its spacing of {0} mm is too large</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>its type asks for no registration with the first image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>label map, masks, picture</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>label {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>left lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>left out</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>level is {0}; this network has levels 1 to {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>log P(x)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>long long</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>looks abnormal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lung margin left</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lung margin lower</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lung margin right</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lung margin upper</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lying down spreads the air to the front, where it is hardly seen</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lying down spreads the fluid behind the lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>lying down widens the heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>made (s)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>mass at end diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>may be abnormal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>mean error</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>mean of truth</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>median mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>median over attributes; worst slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>medimage anomaly train NORMAL_DIR -o MODEL{0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>medimage {0} did not start: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>memory limit of {0} MB</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>motion blur px</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>move the patient {0}{1} {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>moved by a field that is NOT TO BE USED</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>myocardium area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>myocardium, end diastole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>name one of the pairs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>nats over {0} pixels, {1} a pixel, effective samples {2}; slice {3}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>negative values to {0}, but no air of CT</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>network {0}  {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no answer</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no cardiac hypertrophy (heart silhouette not enlarged)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no cavity is labeled</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no deformation is measured between images of these modes and times</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no detector for it is installed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no functional groups</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no image files</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no images were found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no left ventricle was found on any plane</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no modality is recorded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no names and values</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no negative values, bright tail {0}: MR or PET</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no negative values, brightest {0} × the foreground's median</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no negative values, few very bright ones: {0} × the foreground's median</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no pair {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no processed study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no processor</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no room</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no units</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>nobody has answered yet that the plan is to be modified</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>noise or blur in soft tissue</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>noise or lost fine detail</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>non-rigid registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>normal scans of which as many slices reach the threshold of a single slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>normal scans that score as high</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not assessable</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not drawn</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not known to the ledger</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not made</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not measured</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not of the study that was asked for</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not recorded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not screened:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not stated</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>nothing beats in it: gray values change by {0} % over the frames where a ventricle was sought</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>nothing in the study can be processed; a CT series is needed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>nothing was found, but {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>of a single slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>of modality {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>of pair {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>of the divergences; worst slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>of the verdict</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>one DICOM study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>one period</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>one whole beat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>only the part of the scapulae over the lungs is looked for</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>only {0} % of the cavity's border has a wall</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>orientation, lungs, heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>out of fold (folds {0}), by patient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>outlines may be lost in clipped gray values</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>outside of the common field of view</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>own ED frame</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>own ES frame</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>page_host {0} can be reached from other machines: it needs a token and a certificate. Or leave it on 127.0.0.1, behind a proxy that asks who it is.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>parked, {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>parts that the network cannot make from normal images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>peaks about 1024 apart, as CT whose intercept is lost</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>per pixel</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>plane {0} has {1} images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>plane {0} has {1} images that {2} does not tell apart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>plane {0} lacks phase{1} {2} (from 0)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>plane {0} lacks {1} phases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>pleural effusion</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>poor inspiration makes the bases look dense</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>poor inspiration widens the heart and narrows the lungs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>posterior ribs above diaphragm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>posteroanterior view</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>present, neither of high risk nor expected to heal by itself</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>processed (s)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>processed before; the results are in the server</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>reaches beyond the image, cut there</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>reading and overview</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>reading and types</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ready, needs review</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>record of content</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>record of images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>registration left no usable displacement field</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>registration the other way round ends elsewhere</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>regressed ± spread</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>right lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>rigid registration</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>rings about the middle in soft tissue</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>roll the shoulders forward, so that the scapulae leave the lungs</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>rotation asymmetry</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>same mode, different periods</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>same mode, same period</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>scapula chest ratio</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>scapula lung chest ratio</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>scapula lung ratio</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>score {0}, threshold {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>second contours are switched off</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>seed {0}, {1}, {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>send_to: results go to one server only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>series {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>set so</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>sharpness: too blurred, too noisy or too coarse</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>short-axis cardiac MR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>side marker</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>single slices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>site profile {0}, revision {1}, {2} ({3} samples){4}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>soft tissue that is brighter or darker in depth or on one side</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>source</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>space directions</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>spine offset</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>square millimeter</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>standard error</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>status {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>store: {0} is neither https://HOST/dicom-web nor dicom://TITLE@HOST:PORT[/move].</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>store: {0} is no address ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>store_feed: {0} is not http://HOST:PORT.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>stored model on sources that it never saw</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>stripes, ghosts or blur along one direction</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>take off {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>taken from the {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the anatomy as a whole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the anteroposterior view enlarges the heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the apices are covered, where air gathers</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the area changes by {0} only, less than {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the body</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the body part is recorded as {0}, not the heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the body weight is missing or zero</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the border of a scapula may look like a pleural line</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the cavity is long (its width is {0} of its length){1}, as in a long-axis view</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the cavity is {0} mm wide, usual is {1} to {2} mm: check the pixel spacing</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the cavity's width is {0} of its length</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the chest is told by the lungs ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the chest region was not determined</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the deformation is below its threshold</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the deformation is not known</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the deformation of {0} is {1}{2}, above its threshold of {3}{4}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the detector is unsure (confidence {0}, {1} needed)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the earliest of {0} {1} images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the exposed field was not determined</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the file</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the gray values or the contrast</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the half-life is absurdly short</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the half-life is missing or zero</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the image is not corrected for decay and attenuation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the image quality of all slices together</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the images stay unlike</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the injected dose is missing or zero</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the lungs are cut off or close to the edge</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the mixture of grays: shaded, shifted, smeared or too few of them</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the modality is {0}, not MR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the model learned from drawn cases alone and was proven on no real one</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the model {0} does not know it</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the model {0} is not installed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the network is only {0} % sure of any cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the network is {0} % sure of the cavity</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the networks need the spacing of pixels in millimeters</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the only</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the only {0} image</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the order of slices: missing, doubled, exchanged or of uneven brightness</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the patient axes</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the patient is rotated, which makes one base look denser</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the patient is rotated, which makes one lung look brighter</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the patient is rotated, which shifts the outline of the heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the patient is tilted, so that widths along the rows are not true</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the picture cannot be graded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the picture is of the second level and is not to be used</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the plan is kept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the position of the patient is not recorded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the region that it is compared with is empty</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the same</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the scan does not follow the injection within a day</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the scapulae</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the shoulder is turned in, but the border of the blade is not seen</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the source</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the spine</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the spine was not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the tag says {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the threshold was set by hand</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the time of injection or of the scan is missing</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the usual display</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the ventricle hardly moves</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the view is not recorded</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the volume as a whole</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the whole site</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the worker process died (out of memory, killed, or crashed in a library)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>the {0} was not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>there already</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>there is no contour model for this modality</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>this does not look like a frontal chest radiograph: {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>tilt deg</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>time limit of {0} s</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>tissue detail</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>tissue rings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>tissue trends</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>told apart by</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>too few frames have a cavity area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>too large</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>top level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>two-sided, of importance sampling</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>uneven lines of k-space: ghosts, motion or lines that were not read</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>uneven_slices must be 'resample' or 'refuse', got {0}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>unknown modality</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>unreadable {0} {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>upright position</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>use a field that is at least {0} {1}, the lungs in its middle</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>usual difference</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>vertebra contrast behind heart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>waited in vain for {0}; see {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>waiting for the rest of it from the server</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>waiting for {0} instances that the study tells of</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>wall thickness {0}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>was interpolated on {0} slices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>was left out with all organs of the region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>was not found</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>what could be a cavity has no wall around it ({0} % of its border)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>what could be cavities lie {0} mm off a common axis, in no place that is the same from plane to plane</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>what it means</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>where bright and dark lie: position, orientation, body part or field of view</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>where fine detail lies: covered, empty or noisy parts</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>where the image begins and ends: cut-off parts, or something outside of the body</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>whether it fits cannot be told ({0})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>with myocardium</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>without a suffix</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>worst mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} (frame {1})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} (frame {1}), {2} slice {3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} ({1} of the fixed image)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} Settings say to refuse such slices.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} This would give the {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} and {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} and {1}: a date is missing; taken as {2} because of {3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} answered with status {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} answered with {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} are shown</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} asked for by {1} still runs; wait or cancel it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} asks for its token; type it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} at {1}:{2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} between {1} and {2} mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} bits stored in {1} allocated is impossible</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} border</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} broke off while it was asked.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} broke off.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} browser</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} calibration scores, not all finite or none at all; calibrate on normal images that the model was not trained on.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} cannot run without {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} chart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} cines of {1} planes each were found; give the folder or file of one</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} contour ({1})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} copies of other cases are left out</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} could not be installed. {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} days apart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} deformed by {1} (threshold {2})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} did not take {1}: {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} does not answer or refuses us.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} does not answer; start `medimage view` there, or type another address.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} does not offer what is needed: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} does not take {1}: {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} exists with other content; it is left alone. Name another folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} files or series could not be read and take no part.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} files repeat another one and were left out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} frames but {1}: without them the frames have no place in the patient; export the series as enhanced with functional groups or single-frame</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} frames need as many centers, found {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} frames need as many index values, got {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} from {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} functional groups</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} h apart</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} h {1} min</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} has {1} values; it must have {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} holds an entry that points outside of it; it is not opened.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} holds no .mrml file; it is no scene bundle.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} holds {1} bytes, expected a multiple of {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} images name no patient; they are taken as of one and the same.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} images of patients that the networks have not seen; at least {1} are needed. Give more normal scans.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} images of {1} patients were scored.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} images repeat the place of another; the lowest instance number was kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is '{1}', expected decimal numbers</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is '{1}', expected finite numbers</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is a text.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is a whole number.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is contoured on the {1} image only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no JSON number</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no address of a server; type it as `medimage view` prints it, for example http://127.0.0.1:8042/.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no application entity title: 1 to 16 printable characters.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no number</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no scene bundle (ZIP archive): {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no scene: expected a file ending in .mrb or .mrml.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is no server of studies.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is not a finite number</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is not empty; name another folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}, expected an integer</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}, expected two positive distances in mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}; give None for a value that is not assessable.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}; it must be a finite number.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}; it must be of type {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}; it must be one of {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}; it must be {2}{3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} is {1}{2}, which you had not seen yet. Nothing was changed; look again and decide.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} labels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} lies outside of what the other image shows; it was not carried over.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} localizer images of the series were left out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} looks like {1} ({2})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} lung: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} margin</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} measurements</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} min {1} s</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} more are named in the column flags of indices.csv.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} normal images to learn from; at least {1} are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} not yet sent {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of fixed and moving image, {1}, {2} registration.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of its values are no finite numbers; write the images again</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of the smaller body is common; outside nothing is known.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} files that a DICOMDIR names are not in the folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} frames have no cavity area ({2}, from 0); the fit bridges them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} further images have another frame of reference; they are shown by their own coordinates and may not fit until registered.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} images of a study did not come{2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} parts of one image found.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} pictures are flagged for a second look.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} referenced images are absent.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} regions became masks.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} regions have no voxel on the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} slices reach the threshold of a single slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} of {1} thresholds are used in place of the defaults.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} offers {1}; it is not fetched.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} on the {1}{2}: {3} of the {4} lung with it, {5}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} over the beat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} over the lung</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} patients are both in fold {1} and outside of it; folds must be by patient.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} patients cannot fill {1} folds; add patients.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} pixels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} pixels of type {1} cannot be written as DICOM without loss; round them to integers first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} planes of {1} series were joined.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} planes were acquired again; the last was kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} planes x {1} phases, told apart by {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} processed studies</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} radiopharmaceutical items, expected one</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} reaches the end of the scan and may be cut.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} references hold no legal UID.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} samples; {1} are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} satisfied and {1} failed samples; {2} of each are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} satisfied and {1} failed; {2} of each are needed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} sequence</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} single images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} slice with the contours.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} slice(s) with cavity show no wall at end diastole; the mass is too low.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} slices are missing ({1} along the normal); the gaps were kept and filled by linear interpolation.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} slices of the series are missing and were interpolated; a SEG refers to an image on every slice.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} slices span {1} mm with a step of {2} mm: most of the stack would be guessed; select the slices that belong together.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} the model sees it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} times in a row the plan was kept: threshold {1} → {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} times in a row the plan was kept; the threshold is at its bound {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} to {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} values are no finite numbers; 0 was put.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} values run from {1} to {2}; files hold 0 to 65535.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} was trained on {1}; its figures there come from its run (out of fold), not from the stored model.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} while the batch ran</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} whole beats</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} width</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} with its body outline, {1}, not registered.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} without date</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} would unpack to {1} files and {2} bytes; at most {3} files and {4} bytes are accepted.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} x {1} mm</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} {1} on this scan.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} {1}, {2}: Dice {3}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} {1}: you {2}, result {3}{4}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} {1}; left out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0} {1}; look at it before all others.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, but {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, frame {1}, slice {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, revision {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, revision {1}{2}, {3}: {4} calibrated thresholds from {5} samples.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, row {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, which may narrow the chest</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, {1} times</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}, {1}: no result was announced.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}. Answered '{1}' by {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}. These planes at the ends were left out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: 'conditions' is {1}; give a list of names or of tables.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: NDims and DimSize disagree or are not 2 to 4 axes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: NRRD type '{1}' in encoding '{2}' is not supported; save it as raw or gzip.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a DICOM object of kind {1}, expected an image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a broken or oversized PNG or JPEG ({1}); export the picture again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a compressed frame holds no JPEG header; it is broken.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a compressed frame is {1} x {2}, the header declares {3} x {4}; refused.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a displacement field ends in .nrrd, .nii.gz or .mha.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a displacement transform ends in .h5.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a mask of shape {1} is not on the grid {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a part of the air may be missed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a part of the fluid may be missed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a person has reviewed or edited it; it is left as it is.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a segmentation file ends in {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a settings file ends in .json or .toml.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a transform file ends in .tfm or .h5.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: a {1} object, not an image ({2}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: against PS3.5 section 9.1; kept as written where only digits and dots, else ignored.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: air in the apex may be missed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: an element declares more bytes than fit.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: another batch is writing into this folder. Wait for it or name another.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: answers {1}, expected {2}; train again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: at {1}: {2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: axes must run left, posterior, superior.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: body part {1}, the first image {2}; check that both show the same region.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: both approved and rejected; choose one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: calibrate it on held-out normal images first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: cannot be opened ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: cannot be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: cannot be read: {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: column {1} names {2}, but drawn_names knows only {3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: condition '{1}' is not known. Known: {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: contours drawn on both images overlap least in {1} (Dice {2}); {3} of {4} are below {5}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: damaged or exchanged, its SHA-256 is not that of model.json.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: declares an image of sizes {1}; all must be positive.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: decoded {1}, the header declares {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: dimension and sizes disagree or are not 2 to 4 axes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: does not fit the network of model.json ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: does not say its transfer syntax, so its pixels cannot be decoded; export it again as a DICOM Part 10 file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: drawn on one image only, or on none.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: element {1} declares {2} bytes, the file ends after {3}; it is cut short or no DICOM file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: expected names and values, found {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: expected one number a voxel, found ElementType '{1}'.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: expected one section 'types' with I, II, III and IV, found {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: fluid in the costophrenic corners may be missed</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: found {1} rows with the columns {2}; expected values ({3}, ...) and labels (scapula_satisfied, lung_satisfied, foreign_object_satisfied, spine_satisfied).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: has no Pixel Data element; the file is cut short.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds a model already; name another folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds no DICOM elements; the file is empty or cut short.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds no verdict of the screening. Name the result.json, or the folder, that `medimage anomaly score` wrote.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds no volume {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds one volume, expected a time sequence of several.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1} images or frames, expected one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1} images, expected one scan.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1} series or stacks, expected one; give the folder of one series or read all with read_series_folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1} stacks; read it with read_series_folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1} time frames, expected one volume; read it as a sequence.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: holds {1}; name the folder of one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: image and label map do not share one grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: indices cannot follow bent, shifted or mirrored views; set bend, shift, mirror_share and away_share of the augmentation to 0.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: inflates to more than {1} bytes; refused.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its colors cannot be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its columns are not those of this version. Name another folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its columns are not those of this version. Name another output folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its grid {1} is not that of the image {2}; give the image that was contoured.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its grid {1} is not that of the image {2}; resample it to the image first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its header does not allow a DICOM SEG that refers to it ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its header does not allow a DICOM SR that refers to it ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its header does not allow a record that refers to it ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its lookup table or window cannot be applied ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: its {1} image is not among the {2} images that were given; name the folder of the study that was processed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: keeps its data in another file, which is not followed; save it as one attached .nrrd file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: larger than {1} bytes; no result is.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: lies {1}, the first image {2}; a rotation is to be expected.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: measured in every frame ({1}), with both fits</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: more than {1} bytes; stopped.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: more than {1} files; give a smaller folder or raise max_files.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: name a fold to hold out, 0 to {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: names a data file other than {1} or {2} beside it, which is not followed; save it as one .mha file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: native pixels of undefined length are illegal; refused.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: neither DICOM, NRRD, NIfTI, MHA/MHD, PNG nor JPEG; convert it to one of them.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: neither a DICOM file nor a known image format.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no DICOM series; name the folder of the first image's.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no class number is given for {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no contours can be read ({1}); name the folder of a result of `medimage contour` or of a processed study.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no contours to be reviewed ({1}); name the folder of a result of `medimage contour` or of a processed study.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no deformation degree can be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no description of a normality model ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no displacement field can be read; contours are carried over by a usable non-rigid registration only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no image could be read: {1}{2}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no image in this folder. Name a folder of radiographs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no image in this folder. Name a scan or a folder of scans.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no index of CT files could be read ({1}); columns patient, {2} and fold are expected.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no list of studies ({1}); name the folder that a watcher writes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no names of contours can be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no offset could be read ({1}); expected translation_mm, rotation_deg and center_mm of three numbers each.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no offset to compare the contours by.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no second contour. {1}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no structure was drawn on both images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no such file or folder; give a short-axis cine MR.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no such file; give a label map as labels.nii.gz is.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no such folder of normal scans.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no such folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no such folder. Name the folder that holds the images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no table of label names ({1}); give one as JSON, {value: name}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no usable image. Name a folder of normal scans of one kind.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no valid description ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no valid description of a model ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no valid model of starts ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: no voxel on the fixed image; not assessed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: none of the tables names a normal scan there.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not a MetaImage file (no ElementDataFile).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not a file of a {1} ({2}); restore it or start with a new one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not a regular file; give an image file or a folder of DICOM files.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not a single-file NIfTI image (.nii or .nii.gz).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not an NRRD file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not an RTSTRUCT file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not assessable ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not one volume.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not readable as DICOM ({1}); export it again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not readable as NIfTI ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not received from {1} ({2}). Try again, or load it in a browser.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not usable as the list of deliveries ({1}). Move it away; what is sent again is the same.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not usable as the watcher's store ({1}). Move it away; results that are there already are found again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not valid JSON ({1}); run the case again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: not valid {1} ({2}); mend it at that place.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: nothing was scored; are there labels in the index?</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: parts of the model are missing ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: pixels in transfer syntax {1} cannot be decoded ({2}); they are cut short, broken or need another codec.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: pixels in transfer syntax {1} cannot be decoded; they are broken, or need the optional GPL package pylibjpeg-libjpeg.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: schema_version is {1}; this software reads {2} and later 1.x. Use the software that wrote it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: second contour {1}: {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: sequences are nested deeper than the limit of {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: sequences are nested without end, more than the limit of {1} levels; the file is broken or hostile.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: shares {1} of its field with the first image although the frame of reference is the same; it is not registered.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: subfolders are nested deeper than {1} levels; give the folder that holds the images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the NRRD header has no end.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the axial series could not be read again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the book of answers cannot be read ({1}). Move it away to begin anew.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the command '{1}' exists already.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the file is empty; copy or export it again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the format is not one that is written here. Name a file that ends in {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the image could not be written ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the index of the store cannot be used ({1}). Move it away; it is made again from the files.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the label map has shape {1}, the image {2}; both must share one grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the label values {1} of {2} have no name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the ledger cannot be used ({1}). Move it away; results that are already there are then left as they are.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the model is not calibrated.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the name {1} cannot name a folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the network of all patients starts from it; train fold 0.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the pixels are cut short: {1} bytes declared, the file ends after {2}; copy or export the file again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the pixels are cut short: {1} bytes, the header declares {2}; copy or export the file again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the processor '{1}' exists already.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the result cannot be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the run began with {1} patients, the sources now hold others; train into another folder.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the samples cannot be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the scene of the study cannot be read ({1}); process the study with its scene to see it here.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the settings file cannot be read ({1}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the time frames do not share one grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the voxels cannot be read ({1}); the file is cut short or broken.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the weights are larger than 10 MiB; make it smaller.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: the weights are not there; train or copy the model again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: there is no model.json; name the folder of a model.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: there is no such folder of results.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: there is no {1} {2} ({3}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: this fold was not trained yet; run `medimage train` first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: this network was not trained yet; run `medimage train` first.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: transfer syntax {1} is private or unknown; not supported.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: unknown setting '{1}{2}'. {3}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: voxels are vectors or colors ({1}), expected one number a voxel.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: voxels of type {1} are not scalar numbers; not supported.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: was fitted with other weights than lie beside it; train again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: what was received has SHA256 {1}, the list says {2}. Nothing was kept; try again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: withheld, {1}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: written by a newer version; update the program.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} Resample the image to an orthogonal grid.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} axes; expected a volume or a time sequence.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} bytes cannot hold the {2} bytes that it declares.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} bytes do not fit; {2} are free.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} bytes, more than the limit of {2} bytes; raise max_bytes_per_file if the file is trusted.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} cannot be read ({2}).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} cases were found, expected one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} compressed frames, {2} declared.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} frames without a place in the patient; give single images.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is '{2}', expected positive integers.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is not among its structures {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is too large to be shown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is {2}; give a number or leave it empty.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is {2}; give one of {3}, or leave it empty.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} is {2}; give yes, no, or leave it empty.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} label maps for the {2} frames of {3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} must hold names and values, found {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} must hold one line.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} needs {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} of {2} cases agree{3}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} open questions{2}; name the folder of one study, and its pair where it has several.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} time frames of shape {2}; give single volumes or pictures to learn from.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1} was not drawn on two frames that differ; add a source on which it was, such as generated frames.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}: {1}; there {2}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}; export all phases.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}; fields overlap by {1} of the smaller one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}; fields overlap by {1}, too little.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}Rigid offset of {1} mm and {2}° about the middle of the fixed image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}Type {1} ({2}): first image {3}; further images: {4}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}{1}; from the columns' axis toward the rows' axis.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{0}{1}; move it away to have it done</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>– unknown</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>▲ Intermediate level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>✔ First level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>✔ met</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>✖ Second level</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>✖ not met</source>
   <translation type="unfinished" />
  </message>
 </context>
</TS>
