using System.Text.Json;
using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Samples.Drawing;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Samples;

/// <summary>The samples of the losses from end to end, on a few drawn people and for one epoch: parts, not numbers.</summary>
[TestClass]
public sealed class LossSamplesTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("loss-samples-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void AngularMargin_FewPictures_WritesThreeFiguresTwice()
    {
        AngularMargin.Run(new AngularMarginSettings(_folder, Pictures: 4, Epochs: 1, Seed: 1), default);

        foreach (string figure in new[] { "figure3-circle", "figure4-angles", "figure5-boundaries" })
        {
            using SKBitmap picture = SKBitmap.Decode(Path.Combine(_folder, figure + ".png"));
            Assert.IsTrue(picture.Pixels.Distinct().Take(9).Count() == 9, $"{figure}.png has fewer than nine colours.");
            StringAssert.Contains(File.ReadAllText(Path.Combine(_folder, figure + ".svg")), "<path", $"{figure}.svg has no lines.");
        }
    }

    [TestMethod]
    public void ExperimentWithLosses_FewDrawnPeople_SavesTheBestModelAndSaysWhichItIs()
    {
        string model = Path.Combine(_folder, "best.zip");
        var said = new StringWriter();
        TextWriter console = Console.Out;
        Console.SetOut(said);
        try
        {
            ExperimentWithLosses.Run(new ExperimentWithLossesSettings { DrawnPeople = 8, DrawnPictures = 3, Trials = 2, Epochs = 1, Output = model }, default);
        }
        finally
        {
            Console.SetOut(console);
        }

        using JsonDocument summary = JsonDocument.Parse(said.ToString().TrimEnd().Split('\n')[^1]);
        Assert.AreEqual((2, 0), (summary.RootElement.GetProperty("runs").GetInt32(), summary.RootElement.GetProperty("failures").GetInt32()));
        Assert.IsTrue(summary.RootElement.GetProperty("auc").GetDouble() is > 0 and <= 1);
        Assert.IsTrue(Enum.TryParse<FaceLossKind>(summary.RootElement.GetProperty("best").GetProperty("Loss").GetString(), out _));
        using var loaded = (IDisposable)new MLContext().Model.Load(model, out _);
        Assert.IsNotNull(loaded);
    }

    [TestMethod]
    public void CompareLosses_RunTwice_TakesWhatIsFinishedAndRefusesOtherSettings()
    {
        string faces = Path.Combine(_folder, "faces"), output = Path.Combine(_folder, "results");
        DrawnFaces.WriteFolder(faces, people: 16, picturesPerPerson: 4, seed: 3);
        var settings = new CompareLossesSettings
        {
            Data = faces, Output = output, Backbone = BackboneArchitecture.MobileFaceNet, Epochs = 1, Seed = 1,
            Losses = [.. ComparedLosses.All.Where(loss => loss.Name is "NormSoftmax" or "Triplet-0.35")],
        };

        CompareLosses.Run(settings, default);

        string summary = Path.Combine(output, "losses.json");
        using (JsonDocument rows = JsonDocument.Parse(File.ReadAllText(summary)))
        {
            CollectionAssert.AreEqual(new[] { "NormSoftmax", "Triplet-0.35" }, rows.RootElement.EnumerateArray().Select(row => row.GetProperty("name").GetString()).ToArray());
            Assert.IsTrue(rows.RootElement.EnumerateArray().All(row => row.GetProperty("accuracy").GetDouble() is >= 0 and <= 1));
        }

        Assert.IsEmpty(Directory.GetDirectories(output), "Checkpoints of a finished loss are of no use.");
        string first = File.ReadAllText(summary);
        CompareLosses.Run(settings, default);
        Assert.AreEqual(first, File.ReadAllText(summary), "What is finished is not trained again: its time would differ.");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => CompareLosses.Run(settings with { Epochs = 2 }, default)).Message, "--output");
    }

    [TestMethod]
    public void CompareLosses_StoppedWithinALoss_GoesOnToTheResultOfOneRun()
    {
        string faces = Path.Combine(_folder, "faces");
        DrawnFaces.WriteFolder(faces, people: 16, picturesPerPerson: 4, seed: 3);
        CompareLossesSettings Settings(string output) => new()
        {
            Data = faces, Output = Path.Combine(_folder, output), Backbone = BackboneArchitecture.MobileFaceNet, Epochs = 3, Seed = 1,
            Losses = [.. ComparedLosses.All.Where(loss => loss.Name == "NormSoftmax")],
        };

        CompareLosses.Run(Settings("whole"), default);
        using (var stop = new CancellationTokenSource())
        using (var said = new CancellingWriter("epoch 1/", stop))
        {
            TextWriter console = Console.Out;
            Console.SetOut(said);
            try
            {
                Assert.Throws<OperationCanceledException>(() => CompareLosses.Run(Settings("stopped"), stop.Token));
            }
            finally
            {
                Console.SetOut(console);
            }
        }

        Assert.HasCount(1, Directory.GetDirectories(Settings("stopped").Output));
        CompareLosses.Run(Settings("stopped"), default);

        double[] Numbers(string output)
        {
            using JsonDocument result = JsonDocument.Parse(File.ReadAllText(Path.Combine(Settings(output).Output, "NormSoftmax.json")));
            return [.. new[] { "accuracy", "auc", "unseenIntraDegrees", "unseenInterDegrees" }.Select(name => result.RootElement.GetProperty(name).GetDouble())];
        }

        CollectionAssert.AreEqual(Numbers("whole"), Numbers("stopped"));
    }

    /// <summary>Cancels when a line with these words is written.</summary>
    private sealed class CancellingWriter(string words, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(words, StringComparison.Ordinal) == true)
            {
                stop.Cancel();
            }
        }
    }
}
