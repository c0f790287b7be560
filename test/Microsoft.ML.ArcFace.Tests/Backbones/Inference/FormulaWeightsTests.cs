using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.InferenceCheck;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>The networks of build/integration/arm64.sh are the published ones, and need no libtorch.</summary>
[TestClass]
public class FormulaWeightsTests
{
    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.IResNet34)]
    [DataRow(BackboneArchitecture.IResNet50)]
    [DataRow(BackboneArchitecture.IResNet100)]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge)]
    public void Of_EveryArchitecture_HasTheTensorsOfItsModules(BackboneArchitecture architecture)
    {
        using FaceBackbone backbone = FaceBackbone.Create(architecture, 32);
        string[] expected = [.. ModuleState.Of(backbone).Where(entry => !entry.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal)).Select(entry => $"{entry.Name} [{string.Join(", ", entry.Tensor.shape)}]")];
        string[] actual = [.. FormulaWeights.Of(architecture, 32).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value.Shape)}]")];
        CollectionAssert.AreEquivalent(expected, actual);
    }

    [TestMethod]
    public void Embed_InAProcessOfItsOwn_LoadsNoLibtorch()
    {
        using Process process = ChildProgram.Start(EmbeddingWithoutTorch.Name);
        Assert.AreEqual("64 numbers; native: ", process.StandardOutput.ReadToEnd().TrimEnd('\n', '\r'));
        process.WaitForExit();
    }
}
