using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>
/// A trained network in use, with the class centers of its people. Immutable: many threads may embed at once. It owns what
/// computes it; a <see cref="Runtime.ModelLease{T}"/> frees that when nobody uses it any more.
/// </summary>
internal sealed class FaceEmbeddingModel : IDisposable
{
    /// <summary>The length that an embedding is taken to have at least, as torch's normalize has it.</summary>
    private const float SmallestLength = 1e-12f;

    private readonly WeightStore _weights;
    private readonly Lazy<IFaceNetwork> _computed;
    private readonly Lazy<string> _fingerprint, _fingerprintWithMirrorImage;

    /// <param name="network">The network.</param>
    /// <param name="weights">Its weights by their published names; the model owns them.</param>
    /// <param name="centers">The class centers of its people.</param>
    /// <param name="facts">What else is known of it.</param>
    /// <param name="computed">Computes it; the model owns it.</param>
    public FaceEmbeddingModel(NetworkDescription network, WeightStore weights, ClassCenters centers, EmbeddingFacts facts, Lazy<IFaceNetwork> computed)
    {
        (Network, _weights, Centers, Facts, _computed) = (network, weights, centers, facts, computed);
        _fingerprint = FingerprintLater(addMirrorImage: false);
        _fingerprintWithMirrorImage = FingerprintLater(addMirrorImage: true);

        // What failed, as reading the weights may, is tried again.
        Lazy<string> FingerprintLater(bool addMirrorImage) => new(() => EmbeddingFingerprint.Of(weights.Tensors, addMirrorImage, facts.Architecture is null ? network : null), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Reads a network from a file of others; it embeds, but predicts nobody.</summary>
    /// <param name="file">The file.</param>
    /// <param name="pixels">The pixels that it is given.</param>
    /// <param name="precision">The arithmetic.</param>
    /// <param name="device">Where it is computed.</param>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit the network; all of them are listed.</exception>
    public static FaceEmbeddingModel OfFile(RecognizerFile file, FacePixelsDecision pixels, InferencePrecision precision, EmbeddingDevice device)
    {
        (NetworkDescription network, WeightStore weights) = file.Load(pixels.Pixels, device.KeepWeights);

        // With other pixels than the published networks read it is a network of its own.
        BackboneArchitecture? architecture = pixels.Pixels == FacePixels.Standard ? file.Architecture : null;
        var origin = new FaceNetworkFile(file.FileName, file.Sha256, pixels);
        var facts = new EmbeddingFacts(architecture, network.OutputSize, PersonCount: 0, PersonNames: [], Scale: 1, precision, Training: null, origin, file.Original);
        return Of(network, weights, ClassCenters.None(network.OutputSize), facts, device);
    }

    /// <summary>Makes a model that a device computes.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">Its weights, which the model owns, and which are disposed of if none is made.</param>
    /// <param name="centers">The class centers of its people.</param>
    /// <param name="facts">What else is known of it.</param>
    /// <param name="device">Where it is computed.</param>
    public static FaceEmbeddingModel Of(NetworkDescription network, WeightStore weights, ClassCenters centers, EmbeddingFacts facts, EmbeddingDevice device)
    {
        try
        {
            return new FaceEmbeddingModel(network, weights, centers, facts, device.Compute(network, weights.Tensors, facts.Precision));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public NetworkDescription Network { get; }

    /// <summary>The weights as trained, by their published names.</summary>
    public IReadOnlyDictionary<string, StateTensor> Tensors => _weights.Tensors;

    /// <summary>Tells whether the weights as trained are in memory, beside those that compute.</summary>
    public bool HoldsWeightsInMemory => _weights.IsInMemory;

    public ClassCenters Centers { get; }

    /// <summary>What is known of the model without its weights.</summary>
    public EmbeddingFacts Facts { get; }

    /// <summary>What computes it; made when it is first asked for.</summary>
    internal IFaceNetwork Computed => _computed.Value;

    /// <summary>The weights in their published order.</summary>
    public IEnumerable<(string Name, StateTensor Tensor)> State => Network.Tensors.Select(tensor => (tensor.Name, Tensors[tensor.Name]));

    /// <summary>
    /// Embeds faces: [count, d] in unit length, row by row, and the lengths [count] of the photographs' own embeddings.
    /// </summary>
    /// <param name="faces">Bytes of count faces.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    /// <param name="addMirrorImage">Whether the raw embedding of the mirror image is added before normalizing.</param>
    public (float[] Unit, float[] Lengths) Embed(ReadOnlySpan<byte> faces, int count, bool addMirrorImage)
    {
        IFaceNetwork network = Computed;
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
            ToUnitLength(embeddings.AsSpan(row * size, size));
        }

        return (embeddings, lengths);
    }

    /// <summary>Divides an embedding by its length. Where the squares of its numbers are beyond float32, the numbers are divided by the largest of them first.</summary>
    private static void ToUnitLength(Span<float> embedding)
    {
        float length = TensorPrimitives.Norm<float>(embedding);
        if (float.IsPositiveInfinity(length))
        {
            TensorPrimitives.Divide(embedding, Math.Abs(TensorPrimitives.MaxMagnitude<float>(embedding)), embedding);
            length = TensorPrimitives.Norm<float>(embedding);
        }

        TensorPrimitives.Divide(embedding, Math.Max(length, SmallestLength), embedding);
    }

    /// <summary>Gets the text that tells the embedding from others. It is computed when it is first asked for, which has to be before the model is disposed of.</summary>
    public Lazy<string> Fingerprint(bool addMirrorImage) => addMirrorImage ? _fingerprintWithMirrorImage : _fingerprint;

    public void Dispose()
    {
        if (_computed.IsValueCreated)
        {
            _computed.Value.Dispose();
        }

        _weights.Dispose();
    }
}
