using System.Diagnostics;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>Detectors that would hang the program or take all its memory, wherever a detector comes from.</summary>
[TestClass]
public class HostileGraphTests
{
    /// <summary>What a refusal may add to the greatest resident set; docs/reliability.md names it.</summary>
    private const long MostGrowth = 512L << 20;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly TemporaryFolder Folder = new();

    public static IEnumerable<object[]> Hostile => HostileGraphs.All.Select(graph => new object[] { graph.What });

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Hostile))]
    public void DetectFaces_HostileGraph_IsRefusedByNameWithinItsMemory(string what)
    {
        (_, string named, Func<byte[]> file) = HostileGraphs.All.Single(graph => graph.What == what);
        string path = Folder.Write("hostile.onnx", file());
        long before = Process.GetCurrentProcess().PeakWorkingSet64;

        string message = Assert.ThrowsExactly<WeightsFormatException>(() => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Message;

        StringAssert.Contains(message, path);
        StringAssert.Contains(message, named);
        Assert.IsLessThan(MostGrowth, Process.GetCurrentProcess().PeakWorkingSet64 - before);
    }

    [TestMethod]
    public void DetectFaces_ForbiddenOperator_NamesOperatorNodeAndFile()
    {
        string path = Folder.Write("loop.onnx", HostileGraphs.All[0].File());
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => Ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", path)).Message;
        StringAssert.Contains(message, "operator Loop");
        StringAssert.Contains(message, "'node of evil_0'");
        StringAssert.Contains(message, "loop.onnx");
    }

    [TestMethod]
    public void Detect_GraphThatGrowsWithThePicture_IsRefusedForTheLargeOneAlone()
    {
        DetectionSettings settings = new FaceDetectingEstimator.Options { ModelFile = "x" }.Settings;
        using FaceDetector detector = FaceDetector.Create(HostileGraphs.GrowsWithThePicture(), kind: null);
        using MLImage small = MLImage.CreateFromPixels(96, 64, MLPixelFormat.Bgra32, new byte[96 * 64 * 4]), large = MLImage.CreateFromPixels(640, 640, MLPixelFormat.Bgra32, new byte[640 * 640 * 4]);
        Assert.IsEmpty(detector.Detect(small, settings));
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => detector.Detect(large, settings)).Message;
        StringAssert.Contains(message, "MiB of memory");
        Assert.IsEmpty(detector.Detect(small, settings));
    }
}
