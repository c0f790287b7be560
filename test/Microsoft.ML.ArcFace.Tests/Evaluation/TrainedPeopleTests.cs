using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

/// <summary>Who counts as somebody whom the model was trained on, and what is done about it.</summary>
[TestClass]
public class TrainedPeopleTests
{
    private const int Size = 32;
    private static readonly string[] Names = [.. Enumerable.Range(1, 40).Select(number => $"{number}")];

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        public string Label { get; set; } = "";

        [VectorType(Size)]
        public float[] Embedding { get; set; } = [];
    }

    [TestMethod]
    public void Exceeds_ThousandStrangers_AreCounted()
    {
        // 2,000 strangers at 0.0000, 0.0001, …, 0.1999: two of them (0.1 %) may be as near.
        float[] strangers = [.. Enumerable.Range(0, 2_000).Select(i => i * 0.0001f)];
        Assert.IsTrue(TrainedPeople.Exceeds(0.19975, strangers), "Two are as near: 0.1998 and 0.1999.");
        Assert.IsFalse(TrainedPeople.Exceeds(0.19965, strangers), "Three are as near.");
    }

    [TestMethod]
    public void Exceeds_FewStrangers_AreTakenForNormal()
    {
        // Mean 0.1, standard deviation 0.1: the 99.9 % point lies at 0.1 + 3.0902 · 0.1 = 0.40902.
        float[] strangers = [0, 0.2f, 0, 0.2f];
        Assert.IsTrue(TrainedPeople.Exceeds(0.4095, strangers));
        Assert.IsFalse(TrainedPeople.Exceeds(0.4085, strangers));
    }

    [TestMethod]
    public void Find_PeopleOfTheTraining_AreFoundByNameAndCenter()
    {
        float[][] centers = Directions(40, seed: 1);
        List<Row> rows = Photographs(centers[..10], names: Names[..10]);
        CollectionAssert.AreEqual(Names[..10].Order(StringComparer.Ordinal).ToArray(), Find(centers, rows)!.ToArray());
    }

    [TestMethod]
    public void Find_StrangersWithTheSameNames_AreNot()
    {
        float[][] centers = Directions(40, seed: 1);
        Assert.IsEmpty(Find(centers, Photographs(Directions(40, seed: 7), Names))!);
    }

    [TestMethod]
    public void Find_TwoOfManyStrangers_AreToldFromThem()
    {
        float[][] centers = Directions(40, seed: 1), others = Directions(40, seed: 7);
        (others[3], others[20]) = (centers[3], centers[20]);
        CollectionAssert.AreEqual(new[] { "21", "4" }, Find(centers, Photographs(others, Names, pictures: 30))!.ToArray());
    }

    [TestMethod]
    public void Find_ModelThatLearnedNothing_FindsNobody()
    {
        // The photographs lie anywhere, with the names of the training.
        Assert.IsEmpty(Find(Directions(40, seed: 1), Photographs(Directions(160, seed: 3), [.. Names.SelectMany(name => Enumerable.Repeat(name, 4))], pictures: 1))!);
    }

    [TestMethod]
    public void Find_RenamedPeople_CannotBeKnown() =>
        Assert.IsEmpty(Find(Directions(40, seed: 1), Photographs(Directions(40, seed: 1), [.. Names.Select(name => "renamed " + name)]))!);

    [TestMethod]
    public void Find_NoModelOrNoPeople_CannotTell()
    {
        List<Row> rows = Photographs(Directions(4, seed: 1), Names[..4]);
        Assert.IsNull(TrainedPeople.Find(EmbeddingOrigin.Of(new MLContext().Data.LoadFromEnumerable(rows).Schema["Embedding"]), Faces(rows)));
        Assert.IsNull(TrainedPeople.Find(EmbeddingOrigin.Of(View(new EmbeddingOrigin(0, [], null, _ => []), rows).Schema["Embedding"]), Faces(rows)));
        Assert.IsNull(TrainedPeople.Find(EmbeddingOrigin.Of(View(new EmbeddingOrigin(40, null, null, _ => throw new ArgumentOutOfRangeException()), rows).Schema["Embedding"]), Faces(rows)), "Numbers without names.");
        Assert.IsNull(TrainedPeople.Find(EmbeddingOrigin.Of(View(new EmbeddingOrigin(40, Names, null, _ => throw new ObjectDisposedException("model")), rows).Schema["Embedding"]), Faces(rows)));
    }

    [TestMethod]
    public void Find_KeysWithoutNames_AreComparedAsKeys()
    {
        float[][] centers = Directions(6, seed: 1);
        List<Row> rows = Photographs(centers, [.. Enumerable.Range(1, 6).Select(key => $"key {key}")]);
        Assert.HasCount(6, TrainedPeople.Find(EmbeddingOrigin.Of(View(new EmbeddingOrigin(6, null, null, people => [.. people.Select(person => centers[person])]), rows).Schema["Embedding"]), Faces(rows))!);
    }

    [TestMethod]
    public void CalibrateThreshold_PeopleOfTheTraining_IsRefusedUnlessAllowed()
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        List<string> warnings = LoggedWarnings.Of(ml);
        float[][] centers = Directions(40, seed: 1), people = [.. centers[..3], .. Directions(9, seed: 5)];
        IDataView data = View(Origin(centers), Photographs(people, Names[..12]));
        IReadOnlyList<FacePair> pairs = faces.AllPairs(data);

        TrainingPeopleException refusal = Assert.ThrowsExactly<TrainingPeopleException>(() => faces.CalibrateThreshold(data, pairs, 0.1));
        CollectionAssert.AreEqual(new[] { "1", "2", "3" }, refusal.People.ToArray());
        Assert.AreEqual(12, refusal.PersonCount);
        StringAssert.Contains(refusal.Message, "The model was trained on 3 of the 12 people: 1, 2, 3.");
        StringAssert.Contains(refusal.Message, "allowTrainingPeople: true");
        Assert.IsEmpty(warnings);

        VerificationThreshold threshold = faces.CalibrateThreshold(data, pairs, 0.1, allowTrainingPeople: true);
        CollectionAssert.AreEqual(new[] { "1", "2", "3" }, threshold.TrainedOnPeople!.ToArray());
        StringAssert.Contains(threshold.ToString(), "3 of whom the model was trained on");
        StringAssert.Contains(warnings.Single(), "1, 2, 3");
        Assert.AreEqual(threshold, VerificationThreshold.FromJson(threshold.ToJson()));
        CollectionAssert.AreEqual(new[] { "1", "2", "3" }, VerificationThreshold.FromJson(threshold.ToJson()).TrainedOnPeople!.ToArray(), "It is kept with the model.");
        Assert.IsEmpty(faces.CalibrateThreshold(View(Origin(centers), Photographs(people[3..], Names[3..12])), faces.AllPairs(View(Origin(centers), Photographs(people[3..], Names[3..12]))), 0.1).TrainedOnPeople!);
    }

    [TestMethod]
    public void Evaluations_PeopleOfTheTraining_WarnAndSayWho()
    {
        var ml = new MLContext(seed: 1);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        List<string> warnings = LoggedWarnings.Of(ml);
        float[][] centers = Directions(40, seed: 1);
        IDataView data = View(Origin(centers), Photographs([.. centers[..2], .. Directions(6, seed: 5)], Names[..8]));

        VerificationMetrics pairs = faces.EvaluateVerification(data, faces.AllPairs(data));
        CollectionAssert.AreEqual(new[] { "1", "2" }, pairs.TrainedOnPeople!.ToArray());
        StringAssert.StartsWith(pairs.ToString().Split('\n')[1], "The model was trained on 2 of these people: 1, 2.");
        IdentificationMetrics searches = faces.EvaluateIdentification(data, data);
        CollectionAssert.AreEqual(new[] { "1", "2" }, searches.TrainedOnPeople!.ToArray());
        StringAssert.StartsWith(searches.ToString(), "The model was trained on 2 of these people: 1, 2.");

        // A template a person: what it is made of is passed on.
        IDataView templates = faces.AggregateTemplates(data, templateColumnName: "Label", labelColumnName: null);
        Assert.IsNotNull(EmbeddingOrigin.Of(templates.Schema["Embedding"]));
        Assert.HasCount(2, warnings);
        StringAssert.Contains(warnings[0], "flatter the model");

        // Without labels nobody can tell.
        IDataView unlabeled = ml.Transforms.DropColumns("Label").Fit(data).Transform(data);
        Assert.IsNull(faces.EvaluateVerification(unlabeled, faces.AllPairs(data)).TrainedOnPeople);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.EvaluateVerification(data, faces.AllPairs(data), labelColumnName: "zz"));
    }

    [TestMethod]
    public void Annotation_OfATransformersColumn_SurvivesWhatMLNetDoesToIt()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(seed: 1);
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        IDataView faces = ml.Data.LoadFromEnumerable(new[] { new Face { Image = MLImage.CreateFromPixels(112, 112, MLPixelFormat.Rgba32, new byte[112 * 112 * 4]) } });
        IDataView embedded = embedding.Transform(faces);
        EmbeddingOrigin origin = EmbeddingOrigin.Of(embedded.Schema["Embedding"])!;
        IDataView copied = ml.Transforms.CopyColumns("Copy", "Embedding").Append(ml.Transforms.SelectColumns("Copy")).Fit(embedded).Transform(embedded);
        foreach (DataViewSchema.Column column in new[]
        {
            ml.Data.Cache(embedded).Schema["Embedding"], ml.Data.TakeRows(embedded, 1).Schema["Embedding"], ml.Data.ShuffleRows(embedded).Schema["Embedding"],
            ml.Data.FilterRowsByMissingValues(embedded, "Embedding").Schema["Embedding"], copied.Schema["Copy"],
        })
        {
            Assert.AreSame(origin, EmbeddingOrigin.Of(column));
        }

        ReadOnlyMemory<char> fingerprint = default;
        embedded.Schema["Embedding"].Annotations.GetValue(EmbeddingOrigin.FingerprintAnnotation, ref fingerprint);
        Assert.AreEqual(embedding.Fingerprint, fingerprint.ToString());

        // A file holds the fingerprint, but not the model.
        string file = Path.Combine(folder.FullName, "embedded.idv");
        using (FileStream stream = File.Create(file))
        {
            ml.Data.SaveAsBinary(ml.Transforms.SelectColumns("Embedding").Fit(embedded).Transform(embedded), stream);
        }

        DataViewSchema.Column loaded = ml.Data.LoadFromBinary(file).Schema["Embedding"];
        Assert.IsNull(EmbeddingOrigin.Of(loaded));
        loaded.Annotations.GetValue(EmbeddingOrigin.FingerprintAnnotation, ref fingerprint);
        Assert.AreEqual(embedding.Fingerprint, fingerprint.ToString());
    }

    private sealed class Face
    {
        [Transforms.Image.ImageType(112, 112)]
        public MLImage? Image { get; set; }
    }

    private static IReadOnlyList<string>? Find(float[][] centers, List<Row> rows) => TrainedPeople.Find(EmbeddingOrigin.Of(View(Origin(centers), rows).Schema["Embedding"]), Faces(rows));

    private static EmbeddingOrigin Origin(float[][] centers) => new(Names.Length, Names, null, people => [.. people.Select(person => UnitVectors.Normalized(centers[person]))]);

    private static IEnumerable<(string Person, float[] Embedding)> Faces(List<Row> rows) => rows.Select(row => (row.Label, row.Embedding));

    private static IDataView View(EmbeddingOrigin origin, List<Row> rows) => new ListDataView<Row>(rows,
    [
        ViewColumn<Row>.OfText(nameof(Row.RelativePath), row => row.RelativePath), ViewColumn<Row>.OfText(nameof(Row.Label), row => row.Label),
        ViewColumn<Row>.OfVector(nameof(Row.Embedding), Size, row => row.Embedding) with { Annotations = origin.ToAnnotations() },
    ]);

    /// <summary>Photographs at a cosine of about 0.7 to where their person lies.</summary>
    private static List<Row> Photographs(float[][] people, string[] names, int pictures = 4)
    {
        float[][] noise = Directions(people.Length * pictures, seed: 11);
        return
        [
            .. from person in Enumerable.Range(0, people.Length)
               from picture in Enumerable.Range(0, pictures)
               select new Row
               {
                   RelativePath = $"{names[person]}/{person}-{picture}.jpg",
                   Label = names[person],
                   Embedding = [.. people[person].Zip(noise[(person * pictures) + picture], (own, other) => own + other)],
               },
        ];
    }

    private static float[][] Directions(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => UnitVectors.Normalized((double[])[.. Enumerable.Range(0, Size).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))]))];
    }
}
