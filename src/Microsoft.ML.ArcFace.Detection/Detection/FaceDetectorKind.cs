namespace Microsoft.ML.ArcFace;

/// <summary>Detectors whose outputs can be read.</summary>
public enum FaceDetectorKind
{
    /// <summary>
    /// YuNet as OpenCV's zoo publishes it since 2023 (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023):
    /// outputs cls, obj, bbox and kps at strides 8, 16 and 32.
    /// </summary>
    YuNet,

    /// <summary>
    /// SCRFD as InsightFace publishes it (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection",
    /// arXiv 2105.04714): scores, boxes and, in the files with <c>kps</c> in their name, landmarks at strides 8, 16 and 32,
    /// two anchors a place.
    /// </summary>
    Scrfd,
}
