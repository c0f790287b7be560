using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Trains once, or twice where the loss cleans the set in between: photographs far from their person's dominant centre
/// are left out of the second training (Sub-center ArcFace, ECCV 2020).
/// </summary>
internal static class SecondStage
{
    private const int NamedExamples = 10;
    private const string TensorBoardFolder = "second-stage";

    public static TrainedNetwork Run(TrainingRun run)
    {
        if (run.Recipe.Loss is not SubCenterArcFaceLoss { DropOverDegrees: { } degrees } loss || run.Setup.StopAfterEpoch < run.Recipe.Epochs)
        {
            return TrainingLoop.Run(run);
        }

        if (run.Checkpoints?.OpenNewestOfSecondStage() is { } checkpoint)
        {
            return TrainAgain(run, loss, checkpoint.LeftOut(run.Faces.Count));
        }

        TrainedNetwork model = TrainingLoop.Run(run);
        try
        {
            List<(int Place, string Person)> far = FarFromCenter(model, run, degrees);
            if (far.Count > run.Faces.Count / 2)
            {
                run.Channel.Warning(
                    FormattableString.Invariant($"{far.Count} of {run.Faces.Count} photographs lie over {degrees:0.#}° from their person's centre: the first training has not learned enough to clean the set, and its model is kept. Train longer, or set a larger {nameof(SubCenterArcFaceLoss.DropOverDegrees)}."));
                return model;
            }

            string examples = string.Join(", ", far.Take(NamedExamples).Select(photograph => $"photograph {photograph.Place} ({photograph.Person})"));
            run.Channel.Info(FormattableString.Invariant($"Second training without {far.Count} of {run.Faces.Count} photographs, over {degrees:0.#}° from their person's centre{(far.Count > 0 ? ": " + examples : "")}{(far.Count > NamedExamples ? ", …" : "")}."));
            TrainedNetwork second = TrainAgain(run, loss, far.Select(photograph => photograph.Place).ToHashSet());
            model.Dispose();
            return second;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static TrainedNetwork TrainAgain(TrainingRun run, SubCenterArcFaceLoss loss, IReadOnlySet<int> leftOut)
    {
        TrainingFaces clean = run.Faces.Without(leftOut);
        return TrainingLoop.Run(run with
        {
            Recipe = run.Recipe with { Loss = loss.SecondStage, BatchSize = run.Recipe.BatchSize <= clean.Count ? run.Recipe.BatchSize : null },
            Setup = run.Setup with { TensorBoardDirectory = run.Setup.TensorBoardDirectory is { } folder ? Path.Combine(folder, TensorBoardFolder) : null },
            Faces = clean,
            Checkpoints = run.Checkpoints?.SecondStage,
        });
    }

    /// <summary>Photographs farther from the centre of their class, by their place in the order of the data.</summary>
    private static List<(int Place, string Person)> FarFromCenter(TrainedNetwork model, TrainingRun run, double degrees)
    {
        using var scope = NewDisposeScope();
        using Tensor unitCenters = nn.functional.normalize(model.Centers, p: 2, dim: 1);
        var far = new List<(int, string)>();
        int place = 0;
        foreach (EmbeddedBatch batch in TrainingEmbeddings.Of(model.Backbone, run.Observer.Watch(run.Faces.InOrder(), "photographs held against their person's center", run.Faces.Count), run.Device, run.Setup.CancellationToken))
        {
            using var batchScope = NewDisposeScope();
            Tensor own = unitCenters.index_select(0, batch.Labels);
            float[] angles = [.. RowAngles.Between(batch.UnitEmbeddings, own).Times(180 / Math.PI).cpu().data<float>()];
            long[] labels = [.. batch.Labels.cpu().data<long>()];
            for (int i = 0; i < angles.Length; i++, place++)
            {
                if (angles[i] > degrees)
                {
                    far.Add((place, run.Faces.Labels.NameOf((int)labels[i])));
                }
            }
        }

        return far;
    }
}
