using Microsoft.ML.ArcFace.Pixels;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Pixels;

[TestClass]
public class FacePixelsTests
{
    [TestMethod]
    public void Usual_AllOfThem_AreDifferentAndHaveTheirNames()
    {
        CollectionAssert.AreEqual(
            new[] { "standard", "bgr-standard", "by-128", "bgr-by-128", "unscaled", "bgr-unscaled", "zero-to-one", "bgr-zero-to-one", "imagenet", "bgr-imagenet" },
            FacePixels.Usual.Select(pixels => pixels.Name).ToArray());
        Assert.AreEqual(FacePixels.Usual.Count, FacePixels.Usual.Distinct().Count());
    }

    [TestMethod]
    public void ImageNet_ValuesOfABlackPixel_AreTorchvisions()
    {
        double[] black = [.. FacePixels.ImageNet.Mean.ToArray().Zip(FacePixels.ImageNet.Deviation.ToArray(), (mean, deviation) => -mean / deviation)];
        double[] expected = [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225];
        for (int channel = 0; channel < expected.Length; channel++)
        {
            Assert.AreEqual(expected[channel], black[channel], 1e-12);
        }
    }

    [TestMethod]
    [DataRow("standard")]
    [DataRow("bgr-imagenet")]
    [DataRow("rgb:127.5:200")]
    [DataRow("bgr:104,117,123.5:1")]
    public void Parse_WhatNameWrites_IsTheSame(string text)
    {
        var pixels = FacePixels.Parse(text);
        Assert.AreEqual(text, pixels.Name);
        Assert.AreEqual(pixels, FacePixels.Parse(pixels.Name.ToUpperInvariant()));
        Assert.AreEqual(pixels, StoredPixels.FromJson(StoredPixels.ToJson(pixels)));
    }

    [TestMethod]
    public void Parse_NumbersOfANamedScaling_AreThatScaling()
    {
        Assert.AreEqual(FacePixels.StandardBy128 with { ColorOrder = FaceColorOrder.Bgr }, FacePixels.Parse("bgr:127.5:128"));
        Assert.AreEqual(FacePixels.Unscaled, FacePixels.Parse("rgb-unscaled"));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("gbr-standard")]
    [DataRow("rgb:1,2:3")]
    [DataRow("rgb:127,5:1:1")]
    [DataRow("rgb:0:0")]
    [DataRow("rgb:NaN:1")]
    public void Parse_NothingOfTheKind_SaysWhatCanBeGiven(string text)
    {
        string message = Assert.ThrowsExactly<FormatException>(() => FacePixels.Parse(text)).Message;
        StringAssert.Contains(message, $"'{text}'");
    }

    [TestMethod]
    public void Init_NumbersOutOfRange_AreRefused()
    {
        foreach (double number in new[] { 0, -1, double.NaN, double.PositiveInfinity, 1e-9 })
        {
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FacePixels.Standard with { Deviation = ColorChannels.Same(number) });
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FacePixels.Standard with { Mean = new(0, 0, double.NaN) });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FacePixels.Standard with { ColorOrder = (FaceColorOrder)7 });
    }

    [TestMethod]
    public void ToString_CultureWithCommas_WritesPoints()
    {
        string[] texts = OddCulture.Run(OddCulture.German, () => (string[])
        [
            FacePixels.Standard.ToString(), (FacePixels.Unscaled with { ColorOrder = FaceColorOrder.Bgr }).ToString(), FacePixels.ZeroToOne.ToString(), FacePixels.ImageNet.ToString(),
            FacePixels.Parse("rgb:127.5:200").Name,
        ]);
        CollectionAssert.AreEqual(
            new[] { "RGB, (value - 127.5) / 127.5", "BGR, 0 to 255", "RGB, value / 255", "RGB, (value - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)", "rgb:127.5:200" }, texts);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("[]")]
    [DataRow("{\"color_order\":\"gbr\",\"mean\":[0,0,0],\"deviation\":[1,1,1]}")]
    [DataRow("{\"color_order\":\"rgb\",\"mean\":[0,0],\"deviation\":[1,1,1]}")]
    [DataRow("{\"color_order\":\"rgb\",\"mean\":[0,0,0],\"deviation\":[1,0,1]}")]
    public void FromJson_AlteredText_IsRefused(string json) => Assert.ThrowsExactly<FormatException>(() => StoredPixels.FromJson(json));
}
