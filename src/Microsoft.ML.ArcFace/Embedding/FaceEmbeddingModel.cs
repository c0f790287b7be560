using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// A trained backbone in evaluation mode with the class centres of its people. Immutable: many threads may embed at
/// once. Owns its tensors.
/// </summary>
internal sealed class FaceEmbeddingModel : IDisposable
{
    /// <summary>[C, d], of unit length.</summary>
    private readonly Tensor _unitCentres;

    public FaceEmbeddingModel(FaceBackbone backbone, Tensor centres, string[]? personNames, double scale, Device device)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Backbone = backbone;
        Backbone.eval();
        foreach (Tensor tensor in backbone.state_dict().Values)
        {
            tensor.DetachFromDisposeScope();
        }

        foreach (var parameter in backbone.parameters())
        {
            parameter.requires_grad_(false);
            parameter.grad = null;
        }

        Centres = centres.detach().clone().DetachFromDisposeScope();
        _unitCentres = nn.functional.normalize(Centres, p: 2, dim: 1).DetachFromDisposeScope();
        PersonNames = personNames;
        Scale = scale;
        Device = device;
    }

    public FaceBackbone Backbone { get; }

    /// <summary>The class centres as trained, [C, d].</summary>
    public Tensor Centres { get; }

    /// <summary>The person of each class; null if the training label was a key without names.</summary>
    public string[]? PersonNames { get; }

    /// <summary>The scale of the softmax over cosines.</summary>
    public double Scale { get; }

    public Device Device { get; }

    public int EmbeddingSize => Backbone.EmbeddingSize;

    public int PersonCount => (int)Centres.shape[0];

    /// <summary>Takes over a trained backbone and a copy of its class centres.</summary>
    public static FaceEmbeddingModel FromTraining(FaceBackbone backbone, Tensor centres, string[]? personNames, double scale, Device device) =>
        new(backbone, centres, personNames, scale, device);

    /// <summary>Takes over a backbone that comes without class centres; it embeds, but predicts nobody.</summary>
    public static FaceEmbeddingModel WithoutPeople(FaceBackbone backbone, Device device)
    {
        using Tensor noCentres = zeros([0, backbone.EmbeddingSize], device: device);
        return new FaceEmbeddingModel(backbone, noCentres, personNames: [], scale: 1, device);
    }

    /// <summary>Embeds faces: [count, d] in unit length, row by row.</summary>
    /// <param name="faces">Bytes of count faces.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    /// <param name="addMirrorImage">Whether the raw embedding of the mirror image is added before normalising.</param>
    public float[] Embed(ReadOnlySpan<byte> faces, int count, bool addMirrorImage)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor raw = Backbone.forward(FaceTensor.ToTensor(faces, count, Device));             // [count, d]
        if (addMirrorImage)
        {
            raw = raw + Backbone.forward(FaceTensor.ToMirroredTensor(faces, count, Device));
        }

        return nn.functional.normalize(raw, p: 2, dim: 1).cpu().data<float>().ToArray();
    }

    /// <summary>Cosines to all class centres, [count, C] row by row, from unit-length embeddings [count, d].</summary>
    public float[] Cosines(float[] embeddings)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = tensor(embeddings, device: Device).view(-1, EmbeddingSize);
        return rows.matmul(_unitCentres.t()).clamp(-1, 1).cpu().data<float>().ToArray();
    }

    public void Dispose()
    {
        Backbone.Dispose();
        Centres.Dispose();
        _unitCentres.Dispose();
    }
}
