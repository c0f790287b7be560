using System.Reflection;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class DetectionPartTests
{
    [TestMethod]
    public void Explain_TheDetectingPart_NamesThePackage()
    {
        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => ArcFace.Embedding.DetectionPart.Explain(new AssemblyName("Microsoft.ML.ArcFace.Detection")));
        StringAssert.Contains(error.Message, "dotnet add package ArcFace.MLNet.Detection");
        Assert.IsNull(ArcFace.Embedding.DetectionPart.Explain(new AssemblyName("Microsoft.ML.ArcFace.Other")));
    }
}
