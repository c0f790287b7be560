using System.Diagnostics;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Inference;

/// <summary>Networks as build/integration/arm64.sh computes them need no libtorch.</summary>
[TestClass]
public class FormulaWeightsTests
{
    [TestMethod]
    public void Embed_InAProcessOfItsOwn_LoadsNoLibtorch()
    {
        using Process process = ChildProgram.Start(EmbeddingWithoutTorch.Name);
        Assert.AreEqual("64 numbers; native: ", process.StandardOutput.ReadToEnd().TrimEnd('\n', '\r'));
        process.WaitForExit();
    }
}
