using Microsoft.ML.ArcFace.Detection;

namespace Microsoft.ML.ArcFace.Tests.Detection;

[TestClass]
public class FaceDecoderTests
{
    private const int Width = 96, Height = 64;

    private static readonly GraphOutput[] YuNetOutputs = [.. YuNetDecoder.Names.Select(name => new GraphOutput(name, [1, -1, name.StartsWith("bbox", StringComparison.Ordinal) ? 4 : 1]))];

    [TestMethod]
    public void Decode_YuNet_IsAsWorkedOutByHand()
    {
        FaceDecoder decoder = FaceDecoder.For(YuNetOutputs, kind: null);
        Assert.AreEqual(FaceDetectorKind.YuNet, decoder.Kind);
        float[][] outputs = Zeros(decoder);

        // Stride 16: 6 columns, 4 rows. Column 2, row 3 is place 20. Outputs of a stride: cls, obj, bbox, kps.
        outputs[4][20] = 0.81f;
        outputs[5][20] = 1.7f;
        new[] { 0.5f, -0.25f, MathF.Log(2), MathF.Log(3) }.CopyTo(outputs[6], 20 * 4);
        new[] { 0, 0, 1, 0, 0.5f, 0.5f, -1, 1, 1, 1.25f }.CopyTo(outputs[7], 20 * 10);
        DetectedFace face = decoder.Decode(outputs, Width, Height, 0.6).Single();

        // Objectness is cut to 1, the score √(0.81·1). Centre ((2 + .5)·16, (3 − .25)·16) = (40, 44), sides 32 and 48.
        Assert.AreEqual(0.9, face.Score, 1e-6);
        Near([24, 20, 32, 48], [face.X, face.Y, face.Width, face.Height]);
        Near([32, 48, 48, 48, 40, 56, 16, 64, 48, 68], face.Landmarks);
        Assert.IsEmpty(decoder.Decode(outputs, Width, Height, 0.91));
    }

    [TestMethod]
    public void Decode_Scrfd_IsAsWorkedOutByHand()
    {
        FaceDecoder decoder = FaceDecoder.For(ScrfdOutputs(withLandmarks: true), kind: null);
        Assert.AreEqual(FaceDetectorKind.Scrfd, decoder.Kind);
        float[][] outputs = Zeros(decoder);

        // Stride 8: 12 columns. Column 5, row 2 is place 29; its second anchor is 59. Outputs of a stride: score, box, landmarks.
        outputs[0][59] = 0.75f;
        new[] { 1, 0.5f, 2, 3 }.CopyTo(outputs[1], 59 * 4);
        new[] { 0, 0, 1, 0, 0.5f, 0.5f, -1, 1, 1, 1.25f }.CopyTo(outputs[2], 59 * 10);
        DetectedFace face = decoder.Decode(outputs, Width, Height, 0.5).Single();

        // From (40, 16): 8 to the left, 4 up, 16 to the right, 24 down.
        Assert.AreEqual(0.75, face.Score, 1e-6);
        Near([32, 12, 24, 28], [face.X, face.Y, face.Width, face.Height]);
        Near([40, 16, 48, 16, 44, 20, 32, 24, 48, 26], face.Landmarks);
    }

    [TestMethod]
    public void Decode_NumbersThatAreNone_GiveNoFace()
    {
        FaceDecoder decoder = FaceDecoder.For(YuNetOutputs, kind: null);
        foreach (float broken in new[] { float.NaN, float.PositiveInfinity, 1000 })
        {
            for (int part = 0; part < 4; part++)
            {
                float[][] outputs = Zeros(decoder);
                (outputs[0][0], outputs[1][0]) = (1, 1);
                Assert.HasCount(1, decoder.Decode(outputs, Width, Height, 0.5));
                outputs[part][decoder.PartWidths[part] - 1] = broken;
                bool isSound = (part is 0 or 1 && broken > 0) || (part == 3 && broken == 1000);
                Assert.HasCount(isSound ? 1 : 0, decoder.Decode(outputs, Width, Height, 0.5), $"{broken} in part {part}");
            }
        }
    }

    [TestMethod]
    public void For_OutputsInAnotherOrder_AreToldByTheirNumbers()
    {
        // As InsightFace publishes them, and stride by stride.
        GraphOutput[] byStride = [.. Enumerable.Range(0, 3).SelectMany(level => ScrfdOutputs(withLandmarks: true).Where((_, place) => place % 3 == level))];
        CollectionAssert.AreEqual(new[] { "448", "451", "454", "449", "452", "455", "450", "453", "456" }, FaceDecoder.For(ScrfdOutputs(withLandmarks: true), null).OutputNames.ToArray());
        CollectionAssert.AreEqual(new[] { "448", "451", "454", "449", "452", "455", "450", "453", "456" }, FaceDecoder.For(byStride, FaceDetectorKind.Scrfd).OutputNames.ToArray());
        FaceDecoder without = FaceDecoder.For(ScrfdOutputs(withLandmarks: false), null);
        CollectionAssert.AreEqual(new[] { "448", "451", "449", "452", "450", "453" }, without.OutputNames.ToArray());
        Assert.IsFalse(without.HasLandmarks);
    }

    [TestMethod]
    public void For_UnknownOutputs_NamesThemAndWhatIsRead()
    {
        string message = Refused([new("loc", [1, 5875, 14]), new("conf", [1, 5875, 2]), new("iou", [-1, 5875, 1])], null);
        StringAssert.Contains(message, "loc [1, 5875, 14], conf [1, 5875, 2], iou [?, 5875, 1]");
        StringAssert.Contains(message, "cls_8");
        StringAssert.Contains(message, "SCRFD");
        StringAssert.Contains(Refused(ScrfdOutputs(withLandmarks: true), FaceDetectorKind.YuNet), "as YuNet");
        StringAssert.Contains(Refused(YuNetOutputs, FaceDetectorKind.Scrfd), "as Scrfd");
        Refused(ScrfdOutputs(withLandmarks: true)[..8], null);
        Refused([.. ScrfdOutputs(withLandmarks: true), new GraphOutput("500", [-1, 1])], null);
        Refused([], null);
    }

    private static string Refused(GraphOutput[] outputs, FaceDetectorKind? kind) => Assert.ThrowsExactly<WeightsFormatException>(() => FaceDecoder.For(outputs, kind)).Message;

    private static GraphOutput[] ScrfdOutputs(bool withLandmarks) =>
        [.. Enumerable.Range(0, withLandmarks ? 9 : 6).Select(i => new GraphOutput($"{448 + i}", [-1, new[] { 1, 4, 10 }[i / 3]]))];

    private static float[][] Zeros(FaceDecoder decoder) =>
        [.. Enumerable.Range(0, decoder.OutputNames.Count).Select(output => new float[decoder.ExpectedCount(output, Width, Height)])];

    private static void Near(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-4, $"number {i}");
        }
    }
}
