using Microsoft.ML.ArcFace.Tests.Export;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>The deepest backbones in ONNX Runtime, beside the others of <see cref="OnnxExportTests"/>.</summary>
[TestClass]
[RequiresIntegration]
public class DeepBackboneTests
{
    public required TestContext TestContext { get; init; }

    public static IEnumerable<object[]> Architectures => OnnxExportTests.Deep.Select(architecture => new object[] { architecture });

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void ExportToOnnx_DeepBackbone_GivesTheSameEmbeddings(BackboneArchitecture architecture)
    {
        using FaceEmbeddingTransformer model = OnnxExportTests.Create(architecture, embeddingSize: 512);
        OnnxExportTests.Compare(TestContext, model, new OnnxExportOptions(), $"{architecture}");
    }
}
