using Microsoft.ML.ArcFace.Pixels;

namespace Microsoft.ML.ArcFace.Tests.Pixels;

[TestClass]
public class PixelsChoiceTests
{
    private const string Unknown = "00";

    private static readonly Dictionary<string, string> s_nothing = [];
    private static readonly Dictionary<string, string> s_metadata = new() { [StoredPixels.MetadataKey] = StoredPixels.ToJson(FacePixels.ZeroToOne) };
    private static readonly (double[], double[]) s_bytesInGraph = ([127.5], [128]);

    [TestMethod]
    public void Decide_EverythingIsThere_TheStrongestDecides()
    {
        string sface = KnownFaceFiles.All.Single(file => file.Publisher.Contains("SFace", StringComparison.Ordinal)).Sha256;
        FacePixels caller = FacePixels.StandardBy128;
        Check(PixelsChoice.Decide(caller, sface, s_metadata, s_bytesInGraph), caller, FacePixelsSource.Caller);
        Check(PixelsChoice.Decide(null, sface.ToUpperInvariant(), s_metadata, s_bytesInGraph), FacePixels.Unscaled, FacePixelsSource.KnownFile);
        Check(PixelsChoice.Decide(null, Unknown, s_metadata, s_bytesInGraph), FacePixels.ZeroToOne, FacePixelsSource.Metadata);
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, s_bytesInGraph, usual: PixelsChoice.OfPublishedNetworks), FacePixels.Unscaled, FacePixelsSource.Graph);
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, usual: PixelsChoice.OfPublishedNetworks), FacePixels.Standard, FacePixelsSource.Architecture);
        FacePixelsDecision guess = PixelsChoice.Decide(null, Unknown, s_nothing);
        Check(guess, FacePixels.Standard, FacePixelsSource.Guess);
        StringAssert.Contains(guess.Reason, "a guess");
    }

    [TestMethod]
    public void Decide_ScalingInTheGraph_TellsRangeAndOrderOutside()
    {
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, ([0.5], [0.5])), FacePixels.ZeroToOne, FacePixelsSource.Graph);
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])), FacePixels.ZeroToOne, FacePixelsSource.Graph);
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, ([91.4953, 103.8827, 131.0912], [1, 1, 1])), FacePixels.Unscaled with { ColorOrder = FaceColorOrder.Bgr }, FacePixelsSource.Graph);
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, ([127.5, 127.5, 127.5], [127.5, 127.5, 127.5])), FacePixels.Unscaled, FacePixelsSource.Graph);

        // A learned norm over pixels from -1 to 1 says nothing.
        Check(PixelsChoice.Decide(null, Unknown, s_nothing, ([-0.05, -0.1, -0.15], [0.5, 0.5, 0.5])), FacePixels.Standard, FacePixelsSource.Guess);
    }

    [TestMethod]
    public void Decide_AlteredMetadata_IsRefused()
    {
        var altered = new Dictionary<string, string> { [StoredPixels.MetadataKey] = "rgb" };
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => PixelsChoice.Decide(null, Unknown, altered)).Message, "'pixels'");
        Check(PixelsChoice.Decide(FacePixels.ZeroToOne, Unknown, altered), FacePixels.ZeroToOne, FacePixelsSource.Caller);
    }

    [TestMethod]
    public void KnownFiles_AllOfThem_HaveAHashAPageAndALicense()
    {
        foreach (KnownFaceFile file in KnownFaceFiles.All)
        {
            Assert.AreEqual(32, Convert.FromHexString(file.Sha256).Length, file.FileName);
            Assert.IsTrue(Uri.TryCreate(file.Page, UriKind.Absolute, out Uri? page) && page.Scheme == "https", file.Page);
            Assert.IsFalse(string.IsNullOrWhiteSpace(file.UsualLicense), file.FileName);
            Assert.IsTrue(file.Size is > 1_000_000 and < 1_000_000_000, file.FileName);
            Assert.AreSame(file, KnownFaceFiles.Find(file.Sha256));
        }

        KnownFaceFile[] sameName = [.. KnownFaceFiles.All.Where(file => file.FileName == "glintr100.onnx")];
        Assert.AreEqual(2, sameName.Length);
        Assert.AreNotEqual(sameName[0].UsualLicense, sameName[1].UsualLicense);
        Assert.IsNull(KnownFaceFiles.Find(Unknown));
    }

    private static void Check(FacePixelsDecision decision, FacePixels pixels, FacePixelsSource source)
    {
        Assert.AreEqual(source, decision.Source);
        Assert.AreEqual(pixels, decision.Pixels);
    }
}
