using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>Reports that build/integration/browser.sh opens: one with everything there is to show, and that of a model.</summary>
[TestClass]
[RequiresIntegration]
public class ReportForBrowsersTests
{
    private const int People = 40, Pictures = 4, Size = 64;

    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Report_WithAllSections_IsWritten()
    {
        using var people = new DrawnPeople(People, Pictures);

        // Names as they should not be: they are shown, and nothing else happens.
        Directory.Move(Path.Combine(people.Folder, "person_0001"), Path.Combine(people.Folder, "<script>document.title='run'<script>"));
        Directory.Move(Path.Combine(people.Folder, "person_0002"), Path.Combine(people.Folder, "\"><img src=http:example.invalid onerror=alert(1)>"));
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        Face[] rows = Embed(Ml.Data.CreateEnumerable<Listed>(faces.LoadFromFolder(people.Folder), reuseRowObject: false));
        IDataView data = Ml.Data.LoadFromEnumerable(rows);
        IReadOnlyList<FacePair> pairs = faces.AllPairs(data);

        string path = IntegrationFiles.Write("report/report.html");
        VerificationMetrics metrics = faces.WriteReport(path, data, pairs, new FaceReportOptions
        {
            Title = "Drawn faces, invented embeddings",
            Description = "To see what a report looks like: the numbers are those of directions drawn at random, not of a model.",
            GroupColumnName = "Group",
            TrainingHistory = History(),
            TrainerOptions = new ArcFaceTrainer.Options { Epochs = 12 },
            Identification = faces.EvaluateIdentification(Where(rows, row => row.Number > 0), Where(rows, row => row.Number == 0 && row.Group == "round glasses")),
            Commands = ["bash build/integration.sh"],
        });
        Assert.IsGreaterThan(0.8, metrics.AreaUnderRocCurve);
    }

    [TestMethod]
    public void Report_OfQuickStart_IsWritten()
    {
        using var people = new DrawnPeople(people: 20, picturesPerPerson: 3);
        using var output = new TemporaryFolder();
        string path = IntegrationFiles.Write("report/quickstart.html");
        SamplesProgram.Run("QuickStart", "--data", people.Folder, "--epochs", "2", "--output", Path.Combine(output.FullName, "faces.zip"), "--report", path);

        string html = File.ReadAllText(path);
        foreach (string expected in new[] { "Training loss", "Map of the embeddings", "Worst false matches", "MobileFaceNet", "--epochs 2", "data:image/jpeg" })
        {
            StringAssert.Contains(html, expected);
        }
    }

    /// <summary>A direction for each person, and noise for each picture.</summary>
    private static Face[] Embed(IEnumerable<Listed> pictures)
    {
        var random = new Random(11);
        string[] groups = ["round glasses", "square glasses", "no glasses"];
        return
        [
            .. pictures.GroupBy(picture => picture.Label).SelectMany((person, index) =>
            {
                float[] direction = [.. Enumerable.Range(0, Size).Select(_ => (float)random.NextDouble() - 0.5f)];
                return person.Select((picture, number) => new Face
                {
                    ImagePath = picture.ImagePath,
                    Label = picture.Label,
                    RelativePath = picture.RelativePath,
                    Number = number,
                    Group = groups[index % groups.Length],
                    Embedding = UnitVectors.Normalized(Array.ConvertAll(direction, value => value + (1.1f * ((float)random.NextDouble() - 0.5f)))),
                });
            }),
        ];
    }

    private static IDataView Where(Face[] rows, Func<Face, bool> isWanted) => Ml.Data.LoadFromEnumerable(rows.Where(isWanted));

    private static TrainingHistory History()
    {
        var history = new TrainingHistory();
        for (int step = 10; step <= 480; step += 10)
        {
            bool isEpochEnd = step % 40 == 0;
            history.Add(new TrainingProgress(
                ((step - 1) / 40) + 1, 12, step, 480, 3 + (20 * Math.Exp(-step / 120.0)), 0.05 * (1 + Math.Cos(Math.PI * step / 480)), 100, TimeSpan.Zero, isEpochEnd,
                isEpochEnd ? 1 - (0.4 * Math.Exp(-step / 150.0)) : null));
        }

        return history;
    }

    private class Listed
    {
        public string ImagePath { get; set; } = "";

        public string Label { get; set; } = "";

        public string RelativePath { get; set; } = "";
    }

    private sealed class Face : Listed
    {
        public int Number { get; set; }

        public string Group { get; set; } = "";

        [VectorType(Size)]
        public float[] Embedding { get; set; } = [];
    }
}
