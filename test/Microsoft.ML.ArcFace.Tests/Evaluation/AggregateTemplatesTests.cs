using FsCheck;
using FsCheck.Fluent;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Evaluation;

[TestClass]
public class AggregateTemplatesTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void AggregateTemplates_ByHand_MeansOfMediaAddUp()
    {
        // Template 7: a video of two frames, mean (0.5, 0.5, 0), and a photograph (0, 0, 1): sum (0.5, 0.5, 1), length √1.5.
        Row[] rows =
        [
            new() { TemplateId = "7", MediaId = "v", Embedding = [1, 0, 0] }, new() { TemplateId = "9", MediaId = "v", Embedding = [0, 2, 0] },
            new() { TemplateId = "7", MediaId = "p", Embedding = [0, 0, 1] }, new() { TemplateId = "7", MediaId = "v", Embedding = [0, 1, 0] },
        ];
        Template[] templates = Aggregate(rows, mediaColumnName: "MediaId");

        CollectionAssert.AreEqual(new[] { "7", "9" }, templates.Select(template => template.TemplateId).ToArray());
        AssertClose([0.5 / Math.Sqrt(1.5), 0.5 / Math.Sqrt(1.5), 1 / Math.Sqrt(1.5)], templates[0].Embedding);
        AssertClose([0, 1, 0], templates[1].Embedding);
        Assert.AreEqual((3, 2, 1, 1), (templates[0].PictureCount, templates[0].MediaCount, templates[1].PictureCount, templates[1].MediaCount));

        // Without media the three pictures weigh the same.
        AssertClose([1 / Math.Sqrt(3), 1 / Math.Sqrt(3), 1 / Math.Sqrt(3)], Aggregate(rows)[0].Embedding);
        Assert.AreEqual(3, Aggregate(rows)[0].MediaCount);
    }

    [TestMethod]
    public void AggregateTemplates_QualityByHand_WeighsPicturesAndIsNotDividedOut()
    {
        // The video: (0.5 · (1,0,0) + 0 · (0,1,0)) / 2 = (0.25, 0, 0), for InsightFace divides by the number of frames; the photograph: (0, 0, 0.5).
        Row[] rows =
        [
            new() { MediaId = "v", Embedding = [1, 0, 0], Quality = 0.5f }, new() { MediaId = "v", Embedding = [0, 1, 0], Quality = 0 },
            new() { MediaId = "p", Embedding = [0, 0, 1], Quality = 0.5f },
        ];
        AssertClose([0.25 / Math.Sqrt(0.3125), 0, 0.5 / Math.Sqrt(0.3125)], Aggregate(rows, mediaColumnName: "MediaId", qualityColumnName: "Quality")[0].Embedding);
    }

    [TestMethod]
    public void AggregateTemplates_WeightByNorm_LongEmbeddingsWeighMore()
    {
        Row[] rows = [new() { Embedding = [3, 0, 0] }, new() { Embedding = [0, 4, 0] }];
        AssertClose([Math.Sqrt(0.5), Math.Sqrt(0.5), 0], Aggregate(rows)[0].Embedding);
        AssertClose([0.6, 0.8, 0], Aggregate(rows, weightByNorm: true)[0].Embedding);
    }

    [TestMethod]
    public void AggregateTemplates_AnyPictures_AgreesWithANaiveTwinWhateverTheOrderAndTheUnitOfQuality() =>
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), (seed, byNorm) =>
        {
            var random = new Random(seed);
            Row[] rows = Draw(random);
            Dictionary<string, float[]> one = ById(Aggregate(rows, "MediaId", "Quality", byNorm));
            random.Shuffle(rows);
            Dictionary<string, float[]> shuffled = ById(Aggregate(rows, "MediaId", "Quality", byNorm));
            Row[] heavier = [.. rows.Select(row => new Row { TemplateId = row.TemplateId, MediaId = row.MediaId, Embedding = row.Embedding, Quality = 2 * row.Quality })];
            Dictionary<string, float[]> doubled = ById(Aggregate(heavier, "MediaId", "Quality", byNorm));
            return rows.GroupBy(row => row.TemplateId).All(template =>
            {
                double[] sum = new double[3];
                foreach (IGrouping<string, Row> medium in template.GroupBy(row => row.MediaId))
                {
                    for (int i = 0; i < 3; i++)
                    {
                        sum[i] += medium.Average(row => row.Quality * row.Embedding[i] / (byNorm ? 1 : Norm(row.Embedding)));
                    }
                }

                double length = Math.Sqrt(sum.Sum(value => value * value));
                return Enumerable.Range(0, 3).All(i => Math.Abs(one[template.Key][i] - (sum[i] / length)) < 1e-6
                    && Math.Abs(one[template.Key][i] - shuffled[template.Key][i]) < 1e-6 && doubled[template.Key][i] == shuffled[template.Key][i]);
            });
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void AggregateTemplates_OnePictureATemplate_IsThePlainEmbedding() =>
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
        {
            Row[] rows = [.. Draw(new Random(seed)).Select((row, index) => new Row { TemplateId = $"t{index}", MediaId = row.MediaId, Embedding = row.Embedding, Quality = row.Quality })];
            return Aggregate(rows, "MediaId", "Quality").Zip(rows).All(pair =>
                pair.First.TemplateId == pair.Second.TemplateId && Enumerable.Range(0, 3).All(i => Math.Abs(pair.First.Embedding[i] - (pair.Second.Embedding[i] / Norm(pair.Second.Embedding))) < 1e-6));
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void AggregateTemplates_ManyFramesOfOneVideo_DoNotOutweighAPhotograph()
    {
        Row[] video = [.. Enumerable.Range(0, 100).Select(_ => new Row { MediaId = "v", Embedding = [1, 0, 0] })];
        AssertClose([Math.Sqrt(0.5), Math.Sqrt(0.5), 0], Aggregate([.. video, new Row { MediaId = "p", Embedding = [0, 1, 0] }], "MediaId")[0].Embedding);
    }

    [TestMethod]
    public void AggregateTemplates_UnreadablePictures_AreLeftOutOfTheirTemplates()
    {
        Row[] rows =
        [
            new() { MediaId = "v", Embedding = [1, 0, 0] }, new() { MediaId = "v", Embedding = [float.NaN, 0, 0] },
            new() { MediaId = "p", Embedding = [0, 1, 0] }, new() { TemplateId = "empty", Embedding = [0, 0, 0] },
        ];
        Template[] templates = Aggregate(rows, "MediaId");
        AssertClose([Math.Sqrt(0.5), Math.Sqrt(0.5), 0], templates[0].Embedding);
        Assert.AreEqual((2, 2), (templates[0].PictureCount, templates[0].MediaCount));
        AssertClose([0, 0, 0], templates[1].Embedding);
        Assert.AreEqual(0, templates[1].PictureCount);
    }

    [TestMethod]
    public void AggregateTemplates_LabelAsTemplate_GivesAPersonARow()
    {
        IDataView view = Ml.FaceRecognition().AggregateTemplates(
            Ml.Data.LoadFromEnumerable(new[] { new Row { Person = "Ada", Embedding = [1, 0, 0] }, new Row { Person = "Ada", Embedding = [0, 1, 0] } }), templateColumnName: "Person");
        CollectionAssert.AreEqual(new[] { "Ada" }, view.GetColumn<string>("Person").ToArray());
        Assert.IsNull(view.Schema.GetColumnOrNull("Label"));
        Assert.AreEqual(3, ((VectorDataViewType)view.Schema["Embedding"].Type).Size);
    }

    [TestMethod]
    [DataRow(null, null, "x", null, "'x'")]
    [DataRow("Quality", null, null, null, "Key<UInt32> or String")]
    [DataRow(null, "Embedding", null, null, "Key<UInt32> or String")]
    [DataRow(null, null, "MediaId", null, "expected Single")]
    [DataRow(null, null, null, "x", "'x'")]
    public void AggregateTemplates_ColumnAbsentOrOfAnotherKind_SaysSoInTheWordsOfMLNet(string? template, string? media, string? quality, string? label, string expected) =>
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.FaceRecognition().AggregateTemplates(
                Ml.Data.LoadFromEnumerable(new[] { new Row { Embedding = [1, 0, 0] } }), template ?? "TemplateId", media, quality, label)).Message, expected);

    [TestMethod]
    public void AggregateTemplates_ImproperRows_AreRefused()
    {
        Refuses("the quality -1", new Row { Embedding = [1, 0, 0], Quality = -1 });
        Refuses("the quality NaN", new Row { Embedding = [1, 0, 0], Quality = float.NaN });
        Refuses("no value in column 'TemplateId'", new Row { TemplateId = "", Embedding = [1, 0, 0] });
        Refuses("no value in column 'MediaId'", new Row { MediaId = "", Embedding = [1, 0, 0] });
        Refuses("no value in column 'Person'", new Row { Person = "", Embedding = [1, 0, 0] });
        Refuses("show 'somebody' and 'Bob'", new Row { Embedding = [1, 0, 0] }, new Row { Person = "Bob", Embedding = [1, 0, 0] });
        Refuses("no rows");

        static void Refuses(string expected, params Row[] rows) => StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Ml.FaceRecognition().AggregateTemplates(Ml.Data.LoadFromEnumerable(rows), "TemplateId", "MediaId", "Quality", "Person")).Message, expected);
    }

    [TestMethod]
    public void Templates_OfTwoPeople_AreVerifiedAndIdentified()
    {
        Row[] rows = [.. Enumerable.Range(0, 24).Select(i => new Row
        {
            // Two templates of two people each fold of pairs; three pictures a template.
            TemplateId = $"{i / 3}", Person = i / 3 % 2 == 0 ? "Ada" : "Bob", Embedding = i / 3 % 2 == 0 ? [1, 0.1f * (i % 3), 0] : [0, 1, 0.1f * (i % 3)],
        })];
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        IDataView templates = faces.AggregateTemplates(Ml.Data.LoadFromEnumerable(rows), labelColumnName: "Person");

        VerificationMetrics verification = faces.EvaluateVerification(templates, faces.AllPairs(templates, "Person", "TemplateId", folds: 4), imageColumnName: "TemplateId");
        IdentificationMetrics identification = faces.EvaluateIdentification(templates, Ml.Data.TakeRows(templates, 2), labelColumnName: "Person");

        Assert.AreEqual((1.0, 12, 16), (verification.Accuracy, verification.GenuinePairCount, verification.ImpostorPairCount));
        Assert.AreEqual((1.0, 8, 2), (identification.IdentificationRate(), identification.MatedProbeCount, identification.GalleryPersonCount));
    }

    private static Template[] Aggregate(Row[] rows, string? mediaColumnName = null, string? qualityColumnName = null, bool weightByNorm = false)
    {
        IDataView view = Ml.FaceRecognition().AggregateTemplates(Ml.Data.LoadFromEnumerable(rows), "TemplateId", mediaColumnName, qualityColumnName, weightByNorm: weightByNorm);
        return [.. Ml.Data.CreateEnumerable<Template>(view, reuseRowObject: false)];
    }

    private static Row[] Draw(Random random) =>
    [
        .. Enumerable.Range(0, 30).Select(_ => new Row
        {
            TemplateId = $"t{random.Next(5)}", MediaId = $"m{random.Next(4)}", Quality = 0.1f + random.NextSingle(),
            Embedding = [random.NextSingle() + 0.1f, random.NextSingle(), random.NextSingle() - 0.5f],
        }),
    ];

    private static Dictionary<string, float[]> ById(Template[] templates) => templates.ToDictionary(template => template.TemplateId, template => template.Embedding);

    private static double Norm(float[] vector) => Math.Sqrt(vector.Sum(value => (double)value * value));

    private static void AssertClose(double[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-6, $"[{i}]");
        }
    }

    private sealed class Row
    {
        public string TemplateId { get; set; } = "t";

        public string MediaId { get; set; } = "m";

        public string Person { get; set; } = "somebody";

        public float Quality { get; set; } = 1;

        [VectorType(3)]
        public float[] Embedding { get; set; } = [];
    }

    private sealed class Template
    {
        public string TemplateId { get; set; } = "";

        public float[] Embedding { get; set; } = [];

        public int PictureCount { get; set; }

        public int MediaCount { get; set; }
    }
}
