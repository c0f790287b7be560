using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Detection;

/// <summary>The published YuNet on photographs: against given landmarks, and against OpenCV's own decoding.</summary>
[TestClass]
[RequiresYuNet]
[RequiresFaceData("lfw_raw/landmarks.tsv")]
public class YuNetTests
{
    private static readonly MLContext Ml = new(seed: 1);

    public required TestContext TestContext { get; init; }

    private sealed class Photograph
    {
        public string File { get; set; } = "";

        public float[] Given { get; set; } = [];
    }

    private sealed class Faces
    {
        public string File { get; set; } = "";

        public float[] Given { get; set; } = [];

        public float[] Boxes { get; set; } = [];

        public float[] Landmarks { get; set; } = [];

        public float[] Scores { get; set; } = [];
    }

    [TestMethod]
    public void DetectFaces_EveryPhotograph_FindsTheMainFaceAndItsLandmarks()
    {
        double[] errors = [.. Detect(new() { ModelFile = DetectorModels.YuNet }).Select(ErrorOfMainFace).Order()];
        TestContext.WriteLine($"median {errors[errors.Length / 2]:P2} of the eye distance, largest {errors[^1]:P2}");

        // A face beside the main one lies at more than one eye distance.
        Assert.IsLessThan(0.5, errors[^1]);
        Assert.IsLessThan(0.12, (errors[(errors.Length - 1) / 2] + errors[errors.Length / 2]) / 2);
    }

    [TestMethod]
    public void DetectFaces_EnlargedPhotographs_HaveFinerLandmarks()
    {
        double[] errors = [.. Detect(new() { ModelFile = DetectorModels.YuNet, EnlargeSmallPhotographs = true, InputSize = 512 }, count: 40).Select(ErrorOfMainFace).Order()];
        double[] atOwnSize = [.. Detect(new() { ModelFile = DetectorModels.YuNet }, count: 40).Select(ErrorOfMainFace).Order()];
        TestContext.WriteLine($"median {errors[20]:P2} enlarged, {atOwnSize[20]:P2} at their own size");
        Assert.IsLessThan(0.5, errors[^1]);
        Assert.IsLessThan(atOwnSize[20], errors[20]);
    }

    [TestMethod]
    public void DetectFaces_EveryPhotograph_AgreesWithOpenCvToAPixel()
    {
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Detection", "opencv-yunet.json")));
        Assert.AreEqual(reference.RootElement.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(DetectorModels.YuNet))));
        var options = new FaceDetectingEstimator.Options
        {
            ModelFile = DetectorModels.YuNet,
            MainFace = MainFace.HighestScore,
            ScoreThreshold = reference.RootElement.GetProperty("score_threshold").GetDouble(),
            NmsThreshold = reference.RootElement.GetProperty("nms_threshold").GetDouble(),
        };
        (int photographs, int faces, double largest, double scores) = (0, 0, 0, 0);
        foreach (Faces found in Detect(options))
        {
            string key = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(TestData.PathOf($"lfw_raw/{found.File}"))))[..16];
            if (!reference.RootElement.GetProperty("faces").TryGetProperty(key, out JsonElement expected))
            {
                continue;
            }

            Assert.AreEqual(expected.GetArrayLength(), found.Scores.Length, found.File);
            photographs++;
            for (int i = 0; i < found.Scores.Length; i++, faces++)
            {
                double[] numbers = [.. expected[i].EnumerateArray().Select(number => number.GetDouble())];
                float[] actual = [.. found.Boxes[(4 * i)..(4 * (i + 1))], .. found.Landmarks[(10 * i)..(10 * (i + 1))]];
                largest = Math.Max(largest, actual.Select((value, place) => Math.Abs(value - numbers[place])).Max());
                scores = Math.Max(scores, Math.Abs(numbers[14] - found.Scores[i]));
            }
        }

        TestContext.WriteLine($"{photographs} photographs, {faces} faces, largest difference {largest:F3} pixels, of scores {scores:F4}");
        Assert.IsGreaterThan(0, photographs, "None of the photographs is one that OpenCV was asked about.");
        Assert.IsLessThan(1, largest);
        Assert.IsLessThan(0.01, scores);
    }

    [TestMethod]
    public void Detect_PhotographThreeTimesAsLargeShrunkToItsSize_GivesThreeTimesTheNumbers()
    {
        using var detector = FaceDetector.Create(File.ReadAllBytes(DetectorModels.YuNet), kind: null);
        var settings = new DetectionSettings(0.6, 0.3, MaxFaces: 1, InputSize: 250, EnlargeSmallPhotographs: false, MainFace.LargestNearCenter);
        foreach (string path in Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).Take(10))
        {
            using MLImage image = FaceImage.FromFile(path);
            byte[] pixels = FaceResizer.Resize(image.Pixels, image.Width, image.Width, image.Height, 3 * image.Width, 3 * image.Height);
            using MLImage large = MLImage.CreateFromPixels(3 * image.Width, 3 * image.Height, image.PixelFormat, pixels);
            DetectedFace small = detector.Detect(image, settings).Single(), found = detector.Detect(large, settings).Single();
            for (int i = 0; i < 10; i++)
            {
                Assert.AreEqual((3 * (small.Landmarks[i] + 0.5)) - 0.5, found.Landmarks[i], 3, $"{path}, number {i}");
            }

            Assert.AreEqual(3 * small.Width, found.Width, 6, path);
        }
    }

    [TestMethod]
    public void DetectFaces_PictureWithoutAFace_GivesEmptyVectors()
    {
        using var folder = new TemporaryFolder();
        Photograph[] pictures = [.. new (int, int)[] { (1, 1), (40, 3), (300, 200), (1000, 700) }.Select((size, i) =>
            new Photograph { File = folder.Write($"{i}.png", EncodedImages.Gradient(size.Item1, size.Item2, SkiaSharp.SKEncodedImageFormat.Png)) })];
        foreach (Faces faces in Detect(new() { ModelFile = DetectorModels.YuNet }, pictures, folder.FullName))
        {
            Assert.AreEqual((0, 0, 0), (faces.Boxes.Length, faces.Landmarks.Length, faces.Scores.Length), faces.File);
        }
    }

    [TestMethod]
    public void DetectFaces_OneFaceAskedFor_IsTheFirstOfAll()
    {
        Faces[] all = Detect(new() { ModelFile = DetectorModels.YuNet }, count: 30), one = Detect(new() { ModelFile = DetectorModels.YuNet, MaxFaces = 1 }, count: 30);
        Assert.IsGreaterThan(30, all.Sum(faces => faces.Scores.Length), "Some photographs show several faces.");
        for (int i = 0; i < 30; i++)
        {
            CollectionAssert.AreEqual(all[i].Landmarks[..10], one[i].Landmarks);
            CollectionAssert.AreEqual(all[i].Boxes[..4], one[i].Boxes);
        }
    }

    [TestMethod]
    public void Detect_ManyThreads_FindWhatOneFinds()
    {
        using var detector = FaceDetector.Create(File.ReadAllBytes(DetectorModels.YuNet), FaceDetectorKind.YuNet);
        DetectionSettings settings = new FaceDetectingEstimator.Options { ModelFile = "x" }.Settings;
        string[] paths = [.. Directory.EnumerateFiles(TestData.PathOf("lfw_raw"), "*.jpg").Order(StringComparer.Ordinal).Take(24)];
        string[] expected = [.. paths.Select(Describe)];
        CollectionAssert.AreEqual(expected, paths.AsParallel().AsOrdered().WithDegreeOfParallelism(8).Select(Describe).ToArray());

        string Describe(string path)
        {
            using MLImage image = FaceImage.FromFile(path);
            return string.Join("; ", detector.Detect(image, settings).Select(face => $"{face.X:R} {face.Y:R} {face.Score:R} {string.Join(' ', face.Landmarks)}"));
        }
    }

    private static double ErrorOfMainFace(Faces faces)
    {
        Assert.IsGreaterThanOrEqualTo(10, faces.Landmarks.Length, $"{faces.File}: no face was found.");
        double sum = 0;
        for (int i = 0; i < 10; i += 2)
        {
            sum += Math.Sqrt(Math.Pow(faces.Landmarks[i] - faces.Given[i], 2) + Math.Pow(faces.Landmarks[i + 1] - faces.Given[i + 1], 2)) / 5;
        }

        return sum / Math.Sqrt(Math.Pow(faces.Given[2] - faces.Given[0], 2) + Math.Pow(faces.Given[3] - faces.Given[1], 2));
    }

    private static Faces[] Detect(FaceDetectingEstimator.Options options, int count = int.MaxValue)
    {
        Photograph[] photographs = [.. File.ReadLines(TestData.PathOf("lfw_raw/landmarks.tsv")).Select(line => line.Split('\t')).Take(count)
            .Select(parts => new Photograph { File = parts[0], Given = [.. parts[1..].Select(float.Parse)] })];
        return Detect(options, photographs, TestData.PathOf("lfw_raw"));
    }

    private static Faces[] Detect(FaceDetectingEstimator.Options options, Photograph[] photographs, string folder)
    {
        IDataView rows = Ml.Data.LoadFromEnumerable(photographs);
        using var model = Ml.Transforms.LoadFaceImages("Image", "File", folder).Append(Ml.Transforms.DetectFaces(options)).Fit(rows);
        return [.. Ml.Data.CreateEnumerable<Faces>(model.Transform(rows), reuseRowObject: false)];
    }
}
