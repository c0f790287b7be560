namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The detectors that stand in the folder <c>models</c> beside the faces.</summary>
internal static partial class DetectorModels
{
    public static string YuNet => Path.Combine(TestData.Folder, "..", "models", "face_detection_yunet_2023mar.onnx");
}

/// <summary>Skips a test, saying so, where the detector YuNet is not in the folder <c>models</c> beside the faces.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresYuNetAttribute() : RequiresPathsAttribute(TestData.Variable, TestData.Folder, ["../models/face_detection_yunet_2023mar.onnx"])
{
    public override string GroupName => nameof(RequiresYuNetAttribute);
}
