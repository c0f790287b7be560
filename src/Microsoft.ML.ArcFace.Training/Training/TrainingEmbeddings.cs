using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Embeds training photographs as they are, without augmentation or a gradient.</summary>
internal static class TrainingEmbeddings
{
    private const int BatchSize = 32;

    /// <summary>Batches in the order of the faces; each one's tensors are freed when the next is asked for.</summary>
    public static IEnumerable<EmbeddedBatch> Of(FaceBackbone backbone, IEnumerable<(byte[] Pixels, int Label)> faces, Device device, CancellationToken cancellationToken)
    {
        backbone.eval();
        foreach ((byte[] Pixels, int Label)[] batch in faces.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            EmbeddedBatch embedded = Embed(backbone, batch, device);
            yield return embedded;
            embedded.UnitEmbeddings.Dispose();
            embedded.Labels.Dispose();
        }
    }

    // A method of its own: dispose scopes and no_grad belong to a thread's stack, not to an iterator.
    private static EmbeddedBatch Embed(FaceBackbone backbone, (byte[] Pixels, int Label)[] batch, Device device)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        byte[] pixels = [.. batch.SelectMany(face => face.Pixels)];
        Tensor unit = nn.functional.normalize(backbone.forward(FaceInput.ToTensor(pixels, batch.Length, device)), p: 2, dim: 1);
        Tensor labels = DeviceUpload.To(tensor(batch.Select(face => (long)face.Label).ToArray()), device);
        return new EmbeddedBatch(unit.DetachFromDisposeScope(), labels.DetachFromDisposeScope());
    }
}
