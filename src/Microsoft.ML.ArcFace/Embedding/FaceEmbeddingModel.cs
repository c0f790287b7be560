using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// A trained backbone in evaluation mode with the class centres of its people. Immutable: many threads may embed at
/// once. Owns its tensors; a <see cref="ModelLease{T}"/> frees them when nobody uses them any more.
/// </summary>
internal sealed class FaceEmbeddingModel : IDisposable
{
    /// <summary>What a length is taken to be at least, as torch's normalize has it.</summary>
    private const float SmallestLength = 1e-12f;

    /// <summary>The backbone in a faster form, made when the first face is embedded; null where only libtorch can compute it.</summary>
    private readonly Lazy<InferenceNetwork>? _network;

    /// <summary>Takes over a trained backbone and copies its class centres [C, d].</summary>
    public FaceEmbeddingModel(FaceBackbone backbone, Tensor centres, string[]? personNames, double scale, Device device, InferencePrecision precision = InferencePrecision.Float32)
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
        UnitCentres = nn.functional.normalize(Centres, p: 2, dim: 1).DetachFromDisposeScope();
        PersonCount = (int)centres.shape[0];
        PersonNames = personNames;
        Scale = scale;
        Device = device;
        Precision = precision;
        _network = InferenceNetwork.Fits(backbone, device) ? new Lazy<InferenceNetwork>(() => InferenceNetwork.From(backbone, precision)) : null;
    }

    public FaceBackbone Backbone { get; }

    /// <summary>The class centres as trained, [C, d].</summary>
    public Tensor Centres { get; }

    /// <summary>The class centres in unit length, [C, d].</summary>
    public Tensor UnitCentres { get; }

    /// <summary>The person of each class; null if the training label was a key without names.</summary>
    public string[]? PersonNames { get; }

    /// <summary>The scale of the softmax over cosines.</summary>
    public double Scale { get; }

    public Device Device { get; }

    public InferencePrecision Precision { get; }

    /// <summary>How it was trained; null: not known.</summary>
    public FaceTrainingSummary? Training { get; init; }

    public int EmbeddingSize => Backbone.EmbeddingSize;

    public int PersonCount { get; }

    /// <summary>What is known of the model without its native memory.</summary>
    public EmbeddingFacts Facts => new(Backbone.Architecture, EmbeddingSize, PersonCount, PersonNames, Scale, Precision, Training);

    /// <summary>Takes over a backbone that comes without class centres; it embeds, but predicts nobody.</summary>
    public static FaceEmbeddingModel WithoutPeople(FaceBackbone backbone, Device device, InferencePrecision precision)
    {
        using Tensor noCentres = zeros([0, backbone.EmbeddingSize], device: device);
        return new FaceEmbeddingModel(backbone, noCentres, personNames: [], scale: 1, device, precision);
    }

    /// <summary>
    /// Embeds faces: [count, d] in unit length, row by row, and the lengths [count] of the photographs' own embeddings.
    /// </summary>
    /// <param name="faces">Bytes of count faces.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    /// <param name="addMirrorImage">Whether the raw embedding of the mirror image is added before normalising.</param>
    public (float[] Unit, float[] Lengths) Embed(ReadOnlySpan<byte> faces, int count, bool addMirrorImage)
    {
        if (_network is not null)
        {
            return Embed(_network.Value, faces, count, addMirrorImage);
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ScalarType type = Precision == InferencePrecision.BFloat16 && Device.type != DeviceType.CPU ? ScalarType.BFloat16 : ScalarType.Float32;
        Tensor raw = Backbone.forward(FaceTensor.ToTensor(faces, count, Device).to(type));   // [count, d]
        Tensor lengths = raw.norm(1);                                                         // [count]
        if (addMirrorImage)
        {
            raw = raw.Plus(Backbone.forward(FaceTensor.ToMirroredTensor(faces, count, Device).to(type)));
        }

        // Read last: reading waits for the device.
        return (nn.functional.normalize(raw, p: 2, dim: 1).cpu().data<float>().ToArray(), lengths.cpu().data<float>().ToArray());
    }

    /// <summary>The same without libtorch.</summary>
    private static (float[] Unit, float[] Lengths) Embed(InferenceNetwork network, ReadOnlySpan<byte> faces, int count, bool addMirrorImage)
    {
        float[] embeddings = network.Embed(faces, count);                                     // [count, d]
        int size = embeddings.Length / count;
        float[] lengths = [.. Enumerable.Range(0, count).Select(row => TensorPrimitives.Norm(embeddings.AsSpan(row * size, size)))];
        if (addMirrorImage)
        {
            byte[] mirrored = new byte[count * FaceTensor.ByteCount];
            for (int begin = 0; begin < mirrored.Length; begin += FaceTensor.ByteCount)
            {
                FaceTensor.Mirror(faces.Slice(begin, FaceTensor.ByteCount), mirrored.AsSpan(begin, FaceTensor.ByteCount));
            }

            TensorPrimitives.Add(embeddings, network.Embed(mirrored, count), embeddings);
        }

        for (int row = 0; row < count; row++)
        {
            Span<float> embedding = embeddings.AsSpan(row * size, size);
            TensorPrimitives.Divide(embedding, Math.Max(TensorPrimitives.Norm(embedding), SmallestLength), embedding);
        }

        return (embeddings, lengths);
    }

    /// <summary>Cosines to all class centres, [count, C] row by row, from unit-length embeddings [count, d].</summary>
    public float[] Cosines(float[] embeddings)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();

        // Cloned, for the first tensor lies in managed memory, and the last bits of a product depend on its alignment.
        Tensor rows = tensor(embeddings).clone().view(-1, EmbeddingSize).to(Device);                 // [count, d]
        return rows.matmul(UnitCentres.t()).Clamped(-1, 1).cpu().data<float>().ToArray();
    }

    /// <summary>The class centres in unit length.</summary>
    public float[][] CopyCentres()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return [.. UnitCentres.cpu().data<float>().ToArray().Chunk(EmbeddingSize)];
    }

    /// <summary>Copies the class centers of some people, in unit length.</summary>
    public float[][] CopyCenters(IReadOnlyList<int> people)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = DeviceUpload.To(tensor(people.Select(person => (long)person).ToArray()), Device);
        return [.. UnitCentres.index_select(0, rows).cpu().data<float>().ToArray().Chunk(EmbeddingSize)];
    }

    /// <summary>What tells the embedding from others.</summary>
    public string Fingerprint(bool addMirrorImage) => EmbeddingFingerprint.Of(Backbone, addMirrorImage);

    public void Dispose()
    {
        if (_network is { IsValueCreated: true })
        {
            _network.Value.Dispose();
        }

        Backbone.Dispose();
        Centres.Dispose();
        UnitCentres.Dispose();
    }
}
