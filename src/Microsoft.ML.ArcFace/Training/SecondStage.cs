using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Trains once, or twice where the loss cleans the set in between: photographs far from their person's dominant centre
/// are left out of the second training (Sub-center ArcFace, ECCV 2020).
/// </summary>
internal static class SecondStage
{
    private const int NamedExamples = 10;

    public static FaceEmbeddingModel Run(
        IChannel channel, ArcFaceTrainer.Options options, TrainingFaces faces, TrainingValidation? validation, Device device, int seed)
    {
        FaceEmbeddingModel model = TrainingLoop.Run(channel, options, faces, validation, device, seed);
        if (options.Loss is not SubCenterArcFaceLoss { DropOverDegrees: { } degrees } loss)
        {
            return model;
        }

        try
        {
            List<(int Place, string Person)> far = FarFromCenter(model, faces, degrees, device, options.CancellationToken);
            if (far.Count > faces.Count / 2)
            {
                channel.Warning(
                    $"{far.Count} of {faces.Count} photographs lie over {degrees:0.#}° from their person's centre: the first training has not learned enough to clean the set, and its model is kept. Train longer, or set a larger {nameof(SubCenterArcFaceLoss.DropOverDegrees)}.");
                return model;
            }

            string examples = string.Join(", ", far.Take(NamedExamples).Select(photograph => $"photograph {photograph.Place} ({photograph.Person})"));
            channel.Info($"Second training without {far.Count} of {faces.Count} photographs, over {degrees:0.#}° from their person's centre{(far.Count > 0 ? ": " + examples : "")}{(far.Count > NamedExamples ? ", …" : "")}.");

            TrainingFaces clean = faces.Without(far.Select(photograph => photograph.Place).ToHashSet());
            FaceEmbeddingModel second = TrainingLoop.Run(
                channel,
                options with { Loss = loss.SecondStage, BatchSize = options.BatchSize <= clean.Count ? options.BatchSize : null },
                clean, validation, device, seed);
            model.Dispose();
            return second;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Photographs farther from the centre of their class, by their place in the order of the data.</summary>
    private static List<(int Place, string Person)> FarFromCenter(
        FaceEmbeddingModel model, TrainingFaces faces, double degrees, Device device, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var far = new List<(int, string)>();
        int place = 0;
        foreach (EmbeddedBatch batch in TrainingEmbeddings.Of(model.Backbone, faces.InOrder(), device, cancellationToken))
        {
            using var batchScope = NewDisposeScope();
            Tensor own = model.UnitCentres.index_select(0, batch.Labels);
            float[] angles = [.. RowAngles.Between(batch.UnitEmbeddings, own).Times(180 / Math.PI).cpu().data<float>()];
            long[] labels = [.. batch.Labels.cpu().data<long>()];
            for (int i = 0; i < angles.Length; i++, place++)
            {
                if (angles[i] > degrees)
                {
                    far.Add((place, faces.Labels.NameOf((int)labels[i])));
                }
            }
        }

        return far;
    }
}
