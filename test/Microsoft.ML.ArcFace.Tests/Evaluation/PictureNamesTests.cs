using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class PictureNamesTests
{
    [TestMethod]
    [DataRow("Ada/0001.jpg", DisplayName = "as the pairs have it")]
    [DataRow("Ada/Ada_0001.jpg", DisplayName = "LFW as published")]
    [DataRow("Ada/0001.png", DisplayName = "re-packed")]
    [DataRow("Ada/Ada_0001.WebP", DisplayName = "both")]
    [DataRow("Ada/1.jpeg", DisplayName = "without zeros")]
    [DataRow("Ada/0001", DisplayName = "without an ending")]
    public void OtherNames_OneIsThere_IsFound(string there)
    {
        Dictionary<string, string> others = OtherNames(["Ada/0001.jpg"], ["Bob/0001.jpg", there, "Ada/0002.jpg", "Ada/Bob_0001.jpg", "0001.jpg"]);
        Assert.AreEqual(there, others.GetValueOrDefault("Ada/0001.jpg", "Ada/0001.jpg"));
    }

    [TestMethod]
    public void OtherNames_UnicodeForms_AreOneName() =>
        Assert.AreEqual("Jose\u0301/Jose\u0301_0001.jpg", OtherNames(["Jos\u00E9/0001.jpg"], ["Jose\u0301/Jose\u0301_0001.jpg"])["Jos\u00E9/0001.jpg"]);

    [TestMethod]
    public void OtherNames_SeveralAreThere_TheNearestCountsInEachOrder()
    {
        string[] there = ["Ada/1.jpg", "Ada/Ada_0001.jpg", "Ada/0001.webp", "Ada/0001.png"];
        Assert.AreEqual("Ada/0001.png", OtherNames(["Ada/0001.jpg"], there)["Ada/0001.jpg"]);
        Assert.AreEqual("Ada/0001.png", OtherNames(["Ada/0001.jpg"], there.Reverse())["Ada/0001.jpg"]);
        Assert.IsEmpty(OtherNames(["Ada/0001.jpg"], [.. there, "Ada/0001.jpg"]));
    }

    [TestMethod]
    public void OtherNames_IdsOfTemplates_AreNoNumbersOfPictures() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => OtherNames(["12"], ["012"]));

    [TestMethod]
    public void OtherNames_Absent_ShowsWhereItWasLookedForAndWhatIsThere()
    {
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => OtherNames(["Ada/0001.jpg", "Bob/0001.jpg"], ["Cy/x.jpg", "Ada/a-1.jpg", "Bob/0001.png"])).Message;
        Assert.Contains("1 of the 2 pictures that the pairs name are missing in the column 'RelativePath': Ada/0001.jpg", message);
        Assert.Contains("as 'Ada/Ada_0001.jpg'", message);
        Assert.Contains("A picture that is there: 'Ada/a-1.jpg'", message);
        Assert.Contains("--picture-pattern", message);
    }

    [TestMethod]
    [DataRow("{0}/{0}_{1:0000}.png")]
    [DataRow("{0}/{1:0000}.png")]
    public void EvaluateVerification_PairsOfLfw_NeedNoPattern(string pattern)
    {
        using var folder = new TemporaryFolder();
        foreach (string person in new[] { "Ada", "Bob", "Cy" })
        {
            for (int number = 1; number <= 2; number++)
            {
                folder.Write(string.Format(System.Globalization.CultureInfo.InvariantCulture, pattern, person, number), EncodedImages.Gradient(112, 112, SkiaSharp.SKEncodedImageFormat.Png));
            }
        }

        var ml = new MLContext();
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IReadOnlyList<FacePair> pairs = faces.LoadPairs(folder.Write("pairs.txt", "2\t1\nAda\t1\t2\nAda\t1\tBob\t1\nBob\t1\t2\nBob\t2\tCy\t1\n"u8.ToArray()));
        IDataView photographs = faces.LoadFromFolder(folder.FullName);
        IDataView embedded = ml.Transforms.CustomMapping<Named, Embedded>((row, vector) => vector.Embedding = [row.RelativePath[0], 1, row.RelativePath.Length], null).Fit(photographs).Transform(photographs);

        VerificationMetrics metrics = faces.EvaluateVerification(embedded, pairs);
        Assert.AreEqual((2, 2), (metrics.GenuinePairCount, metrics.ImpostorPairCount));
        string bin = Path.Combine(folder.FullName, "pairs.bin");
        faces.SaveAsVerificationBin(photographs, pairs, bin);
        Assert.HasCount(4, faces.LoadFromVerificationBin(bin, folds: 2).Pairs);
    }

    private static Dictionary<string, string> OtherNames(string[] wanted, IEnumerable<string> there)
    {
        var names = new PictureNames(new HashSet<string>(wanted));
        foreach (string picture in there)
        {
            names.Add(picture);
        }

        return names.OtherNames("the column 'RelativePath'");
    }

    private sealed class Named
    {
        public string RelativePath { get; set; } = "";
    }

    private sealed class Embedded
    {
        [Microsoft.ML.Data.VectorType(3)]
        public float[] Embedding { get; set; } = [];
    }
}
