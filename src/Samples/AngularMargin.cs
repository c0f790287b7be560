using System.Text.Json;
using Microsoft.ML.ArcFace.Samples.Charts;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Samples.Support;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Samples;

/// <summary>
/// What the angular margin does, as pictures: eight people in two dimensions under softmax and under ArcFace (Figure 3 of
/// the paper), the angles before, during and after training (Figure 4), and the decision boundaries (Figure 5).
/// </summary>
internal static class AngularMargin
{
    private const int People = 8;

    private static readonly (string Name, FaceLoss Loss)[] Curves =
    [
        ("Softmax (none)", new NormSoftmaxLoss()), ("ArcFace, 0.5", new ArcFaceLoss()), ("CosFace, 0.35", new CosFaceLoss()),
        ("SphereFace, 1.35", new CombinedMarginLoss(1.35, 0, 0)), ("CM1 (1, 0.3, 0.2)", new CombinedMarginLoss()), ("CM2 (0.9, 0.4, 0.15)", new CombinedMarginLoss(0.9, 0.4, 0.15)),
    ];

    public static void Run(AngularMarginSettings settings, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.Output);
        string faces = Directory.CreateTempSubdirectory("angular-margin-").FullName;
        try
        {
            Console.WriteLine($"1. Drawing {People} people × {settings.Pictures} pictures");
            DrawnFaces.WriteFolder(faces, People, settings.Pictures, settings.Seed, cancellationToken: cancellationToken);

            Console.WriteLine($"2. Training with two-dimensional embeddings, {settings.Epochs} epochs each: softmax, then ArcFace from its start to its end");
            var softmax = Train(faces, new SoftmaxLoss(), settings.Epochs, settings, cancellationToken);
            var start = Train(faces, new ArcFaceLoss(), epochs: 1, settings with { LearningRate = 1e-9 }, cancellationToken);
            var middle = Train(faces, new ArcFaceLoss(), Math.Max(1, settings.Epochs / 2), settings, cancellationToken);
            var end = Train(faces, new ArcFaceLoss(), settings.Epochs, settings, cancellationToken);

            double softmaxGap = PersonOnCircle.SmallestGap(softmax.People), arcFaceGap = PersonOnCircle.SmallestGap(end.People);
            string[] files =
            [
                .. ChartFile.Save(settings.Output, "figure3-circle", 560, 560, MarginCharts.Circle("Softmax", softmax.People), MarginCharts.Circle("ArcFace, margin 0.5 radians", end.People)),
                .. ChartFile.Save(settings.Output, "figure4-angles", 640, 480,
                    MarginCharts.Histograms("Target angles under ArcFace", [("start", start.Angles), ("after a training of half the length", middle.Angles), ("end", end.Angles)]),
                    MarginCharts.TargetLogits("Target logits", Curves)),
                .. ChartFile.Save(settings.Output, "figure5-boundaries", 640, 560, MarginCharts.Boundaries("Decision boundaries of two classes", Curves)),
            ];

            Console.WriteLine($"3. Smallest gap between neighbours on the circle (5 % to 95 % of each): softmax {softmaxGap:F1}°, ArcFace {arcFaceGap:F1}°");
            foreach (string file in files)
            {
                Console.WriteLine($"   {file}");
            }

            var summary = new CirclesSummary(
                Math.Round(softmaxGap, 2), Math.Round(arcFaceGap, 2), softmaxGap > 0 ? Math.Round(arcFaceGap / softmaxGap, 2) : null, settings.Epochs, settings.Pictures, settings.Seed, files);
            Console.WriteLine(JsonSerializer.Serialize(summary, SamplesJson.Default.CirclesSummary));
        }
        finally
        {
            Directory.Delete(faces, recursive: true);
        }
    }

    /// <summary>Where each person lies on the circle after training, and the angles of photographs with their class centre.</summary>
    private static (IReadOnlyList<PersonOnCircle> People, AngleHistogram Angles) Train(
        string folder, FaceLoss loss, int epochs, AngularMarginSettings settings, CancellationToken cancellationToken)
    {
        var ml = new MLContext(settings.Seed);
        FaceRecognitionCatalog faces = ml.FaceRecognition();
        IDataView data = faces.LoadFromFolder(folder);
        using var display = new ProgressDisplay();
        using TransformerChain<FaceEmbeddingTransformer> model = ml.Transforms.LoadFaceImages("Image", "ImagePath")
            .Append(faces.Trainers.ArcFace(new ArcFaceTrainer.Options
            {
                Loss = loss,
                EmbeddingSize = 2,
                Epochs = epochs,
                Augmentation = FaceAugmentation.MirrorOnly,

                // Every batch shows everybody as often: two numbers, normalised over a batch, depend on who is in it.
                BatchSize = 2 * People,
                PhotographsPerPerson = 2,

                // On a circle centres cannot pass each other unnoticed: they need large steps to find their places, and
                // softmax's weights to grow long. The network itself learns at its usual rate.
                LearningRate = settings.LearningRate ?? 0.05,
                BackboneLearningRateShare = 0.04,

                // Two dimensions and a full margin collapse; so the people find their places first.
                MarginRampFraction = 0.6,
                Seed = settings.Seed,
                Progress = display.Show,
                CancellationToken = cancellationToken,
            }))
            .Fit(data);
        IDataView embedded = model.Transform(data);
        AngleMetrics angles = faces.EvaluateAngles(embedded, model);
        return (PersonOnCircle.Group(embedded.GetColumn<string>("Label"), embedded.GetColumn<float[]>("Embedding")), angles.OwnCenterAngles!);
    }
}

/// <summary>Gives the smallest gaps between neighbors on the circle, with each loss.</summary>
internal sealed record CirclesSummary(double SoftmaxGapDegrees, double ArcFaceGapDegrees, double? Ratio, int Epochs, int Pictures, int Seed, string[] Files);
