namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>The recognizers of others that stand in the folder <c>models</c> beside the faces.</summary>
internal static class RecognizerModels
{
    public static string MobileFaceNet => Path.Combine(TestData.Folder, "..", "models", "mobilefacenet_foamliu.onnx");
}

/// <summary>Skips a test, saying so, where the recognizer is not in the folder <c>models</c> beside the faces.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresRecognizerAttribute() : RequiresPathsAttribute(TestData.Variable, TestData.Folder, ["../models/mobilefacenet_foamliu.onnx"])
{
    public override string GroupName => nameof(RequiresRecognizerAttribute);
}
