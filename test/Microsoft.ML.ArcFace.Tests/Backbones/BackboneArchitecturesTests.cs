namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
public class BackboneArchitecturesTests
{
    [TestMethod]
    public void ToShortName_EveryArchitecture_IsReadBack()
    {
        BackboneArchitecture[] all = Enum.GetValues<BackboneArchitecture>();
        foreach (BackboneArchitecture architecture in all)
        {
            Assert.AreEqual(architecture, BackboneArchitectures.Parse(architecture.ToShortName()));
            Assert.AreEqual(architecture, BackboneArchitectures.Parse(architecture.ToString().ToUpperInvariant()));
        }

        CollectionAssert.AreEqual(all.Select(BackboneArchitectures.ToShortName).ToArray(), BackboneArchitectures.ShortNames.ToArray());
    }

    [TestMethod]
    [DataRow("r51")]
    [DataRow("")]
    [DataRow("0")]
    public void Parse_UnknownName_ListsTheKnownOnes(string name)
    {
        var error = Assert.ThrowsExactly<FormatException>(() => BackboneArchitectures.Parse(name));
        StringAssert.Contains(error.Message, $"'{name}'; use one of r18, r34, r50, r100, r200, mbf, mbf_large.");
    }

    [TestMethod]
    public void ToShortName_UnknownValue_Throws() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ((BackboneArchitecture)7).ToShortName());
}
