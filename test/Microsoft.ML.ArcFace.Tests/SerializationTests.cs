using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.Gallery;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests;

/// <summary>Answers and metrics become JSON with the options that everybody starts with, by reflection and by a context.</summary>
[TestClass]
public partial class SerializationTests
{
    [JsonSerializable(typeof(FaceIdentification))]
    [JsonSerializable(typeof(FaceVerification))]
    [JsonSerializable(typeof(FaceEmbedding))]
    [JsonSerializable(typeof(FaceQualityVerdict))]
    [JsonSerializable(typeof(EmbeddedFace))]
    [JsonSerializable(typeof(EnrollmentVerdict))]
    [JsonSerializable(typeof(GalleryPerson))]
    [JsonSerializable(typeof(VerificationMetrics))]
    [JsonSerializable(typeof(VerificationThreshold))]
    [JsonSerializable(typeof(IdentificationMetrics))]
    [JsonSerializable(typeof(IdentificationPoint))]
    [JsonSerializable(typeof(AngleMetrics))]
    [JsonSerializable(typeof(GroupMetrics))]
    [JsonSerializable(typeof(PersonGroups))]
    [JsonSerializable(typeof(GroupingMetrics))]
    [JsonSerializable(typeof(DuplicateMetrics))]
    [JsonSerializable(typeof(FaceTrialMetrics))]
    [JsonSerializable(typeof(LearningRateCurve))]
    [JsonSerializable(typeof(TrainingProgress))]
    [JsonSerializable(typeof(FacePair))]
    private sealed partial class AnswersJson : JsonSerializerContext;

    private sealed class Row
    {
        public string Label { get; set; } = "";

        public float[] Embedding { get; set; } = [];

        public string RelativePath { get; set; } = "";

        public string Group { get; set; } = "";
    }

    [TestMethod]
    [DynamicData(nameof(Answers))]
    public void Serialize_DefaultOptions_HoldsEveryNumber(string name, object answer)
    {
        string byReflection = JsonSerializer.Serialize(answer, answer.GetType());
        string byContext = JsonSerializer.Serialize(answer, answer.GetType(), AnswersJson.Default);
        Assert.AreEqual(byReflection, byContext, name);

        // What is public is there: none is left out as an empty object, as tuples are.
        using JsonDocument document = JsonDocument.Parse(byReflection);
        Assert.AreEqual(
            string.Join(' ', answer.GetType().GetProperties().Where(property => property.GetIndexParameters().Length == 0 && !property.GetMethod!.IsStatic).Select(property => property.Name).Order(StringComparer.Ordinal)),
            string.Join(' ', document.RootElement.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal)), name);
        AssertNothingIsEmpty(document.RootElement, name);
    }

    [TestMethod]
    public void FaceIdentification_NoRunnerUp_HasAMarginOfNull()
    {
        using FaceGallery gallery = GalleryVectors.Open();
        gallery.Enroll("ada", GalleryVectors.At(0));
        string json = JsonSerializer.Serialize(gallery.Identify(GalleryVectors.At(10)));
        StringAssert.Contains(json, "\"Margin\":null");
        StringAssert.Contains(json, "\"RunnerUp\":null");
        StringAssert.Contains(json, "\"Outcome\":\"Match\"");
    }

    [TestMethod]
    public void FaceTrialResult_OptionsWithCallbacks_HoldsWhatWasSearched()
    {
        var trial = new FaceTrial(1, 0, 9, new Dictionary<string, object?> { ["Margin"] = 0.5, ["Scale"] = null }, new ArcFaceTrainer.Options { Progress = _ => { } });
        var result = new FaceTrialResult(trial, new FaceTrialMetrics(0.5, 0.25, 0.01, 0.5, 0.5, 1, 2), 0.5, TimeSpan.FromSeconds(2.5), IsFromCache: false);
        string json = JsonSerializer.Serialize(result);
        StringAssert.Contains(json, "\"Parameters\":{\"Margin\":0.5,\"Scale\":null}");
        StringAssert.Contains(json, "\"AreaUnderRocCurve\":0.5");
    }

    public static IEnumerable<object[]> Answers()
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        Row[] rows = [.. Enumerable.Range(0, 24).Select(i => new Row { Label = $"p{i / 2}", RelativePath = $"p{i / 2}/{i % 2}", Group = $"{i / 12}", Embedding = GalleryVectors.At((30 * (i / 2)) + (5 * (i % 2))) })];
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        IReadOnlyList<FacePair> pairs = faces.AllPairs(data);
        VerificationThreshold threshold = faces.CalibrateThreshold(data, pairs, 0.1);
        using FaceGallery gallery = GalleryVectors.Open();
        yield return ["an empty gallery", gallery.Identify(GalleryVectors.At(0))];
        gallery.Enroll("ada", GalleryVectors.At(0));
        yield return ["one person", gallery.Identify(GalleryVectors.At(10))];
        gallery.Enroll("bob", GalleryVectors.At(90));
        yield return ["two people", gallery.Identify(GalleryVectors.At(10))];
        yield return ["a person", gallery.Find("ada")!];
        yield return ["a verification", new FaceVerification(true, 0.5, 0.4)];
        yield return ["an embedding", new FaceEmbedding([0.5f, 0.25f], "fingerprint")];
        var tooDark = new FaceQuality { Sharpness = 0.25, Brightness = 12.5 };
        yield return ["a verdict on quality", tooDark.Judge()];
        yield return ["a face of a photograph", new EmbeddedFace(new FaceEmbedding([0.5f, 0.25f], "fingerprint")) { Box = new FaceBox(1.5f, 2.5f, 30.5f, 40.5f), Landmarks = [0.5f], DetectionScore = 0.9375 }];
        yield return ["a verdict on a photograph to enroll", new EnrollmentVerdict(new FaceToEnroll("ada", new FaceEmbedding([0.5f, 0.25f], "fingerprint")), [$"{tooDark.Judge().Problems[0]}"])];
        yield return ["a threshold", threshold];
        yield return ["a threshold for a gallery", threshold.ForGallerySize(1000)];
        yield return ["verification", faces.EvaluateVerification(data, pairs)];
        yield return ["angles", faces.EvaluateAngles(data)];
        yield return ["angles of single photographs", faces.EvaluateAngles(ml.Data.LoadFromEnumerable(rows.DistinctBy(row => row.Label)))];
        var search = new IdentificationMetrics([(1, 0.75), (2, 0.5)], [0.25], galleryPersonCount: 2, galleryTemplateCount: 3);
        yield return ["identification", search];
        Assert.IsTrue(search.TryGetIdentificationPoint(1, out IdentificationPoint point));
        yield return ["a point at which everybody is found", point];
        yield return ["groups, some with too few pairs", faces.EvaluateGroups(data, pairs, threshold, "Group")];
        yield return ["people, and one alone", FaceGrouping.GroupByPerson(rows.Take(3).Select(row => new FaceToGroup(row.RelativePath, row.Embedding)), 0.9, progress: null, CancellationToken.None)];
        yield return ["a grouping", FaceEvaluation.EvaluateGrouping(["a", "a", "b"], [0, 0, 1])];
        yield return ["a grouping without pairs", FaceEvaluation.EvaluateGrouping(["a", "b"], [0, 1])];
        yield return ["duplicates", faces.FindDuplicates(data, data, new DuplicateOptions { ImageColumnName = null, EmbeddingColumnName = "Embedding" })];
        yield return ["a trial", new FaceTrialMetrics(0.5, null, 0.01, 0.5, 0.5, 1, 2)];
        yield return ["a search for the learning rate", new LearningRateCurve([(1e-4, 2.5), (1e-3, 2), (1e-2, 1.5)])];
        yield return ["progress", new TrainingProgress(1, 2, 3, 4, 5.5, 1e-3, 10, TimeSpan.FromSeconds(3), IsEpochEnd: true, null)];
        yield return ["a pair", pairs[0]];
    }

    private static void AssertNothingIsEmpty(JsonElement element, string name)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.IsTrue(element.EnumerateObject().Any(), $"{name} has an empty object.");
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    AssertNothingIsEmpty(property.Value, $"{name}: {property.Name}");
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    AssertNothingIsEmpty(item, name);
                }

                break;
        }
    }
}
