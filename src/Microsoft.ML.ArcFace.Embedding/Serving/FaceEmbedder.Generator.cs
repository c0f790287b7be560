using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Serving;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace;

// The embedder as a generator of Microsoft.Extensions.AI, so that its decorators and Microsoft.Extensions.VectorData take it.
public sealed partial class FaceEmbedder
{
    private const string ProviderName = "arcface";

    /// <summary>
    /// Gives the key under which the embedding of a photograph may be cached: a SHA-256 of its decoded pixels, the model's fingerprint
    /// and what decides the answer (whether it is a reference, whether aligned faces are required). Photographs of one name have
    /// different keys, files of the same pixels have one, and a model that took the former's place finds nothing of it. The photograph
    /// is decoded for it.
    /// </summary>
    /// <param name="photograph">A path, the bytes of an image file, or an image.</param>
    /// <param name="options">What the generator is given; null: nothing.</param>
    /// <param name="cancellationToken">Ends the waiting for memory to decode in.</param>
    /// <returns>64 hexadecimal digits.</returns>
    /// <exception cref="FaceImageException">The photograph cannot be read.</exception>
    /// <exception cref="ArgumentException">The options ask for another model or another size.</exception>
    /// <exception cref="ObjectDisposedException">The embedder was disposed.</exception>
    public string GetCacheKey(FacePhotograph photograph, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photograph);
        return Use(model =>
        {
            Check(options, model);
            using DecodedImage decoded = photograph.Decode(_limits, cancellationToken);
            MLImage image = decoded.Image;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Span<byte> facts = stackalloc byte[16];
            BinaryPrimitives.WriteInt32LittleEndian(facts, image.Width);
            BinaryPrimitives.WriteInt32LittleEndian(facts[4..], image.Height);
            BinaryPrimitives.WriteInt32LittleEndian(facts[8..], (int)image.PixelFormat);
            BinaryPrimitives.WriteInt32LittleEndian(facts[12..], (photograph.IsReference ? 1 : 0) + (_options.RequireAligned ? 2 : 0));
            hash.AppendData(facts);
            hash.AppendData(image.Pixels);
            hash.AppendData(Encoding.UTF8.GetBytes(model.Fingerprint));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        });
    }

    /// <summary>Embeds the main face of each photograph, together with those of other callers; a photograph that cannot be embedded fails the call.</summary>
    async Task<GeneratedEmbeddings<Embedding<float>>> IEmbeddingGenerator<FacePhotograph, Embedding<float>>.GenerateAsync(
        IEnumerable<FacePhotograph> values, EmbeddingGenerationOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        FacePhotograph[] photographs = [.. values];
        foreach (FacePhotograph photograph in photographs)
        {
            ArgumentNullException.ThrowIfNull(photograph, nameof(values));
        }

        // One model for all: it must not be replaced between them.
        ModelLease<ServedModel> model = Begin();
        try
        {
            Check(options, model.Model);
            FaceEmbedding[] embeddings = await Task.WhenAll(photographs.Select(photograph => EmbedAsync(model, photograph, cancellationToken))).ConfigureAwait(false);
            return new GeneratedEmbeddings<Embedding<float>>(embeddings.Select(embedding => new Embedding<float>(embedding.Vector) { ModelId = embedding.Fingerprint, CreatedAt = DateTimeOffset.UtcNow }));
        }
        finally
        {
            End(model);
        }
    }

    /// <summary>Gives the embedder itself, or what is known of its model.</summary>
    object? IEmbeddingGenerator.GetService(Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? Use(model => new EmbeddingGeneratorMetadata(ProviderName, defaultModelId: model.Fingerprint, defaultModelDimensions: model.EmbeddingSize))
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    private static void Check(EmbeddingGenerationOptions? options, ServedModel model)
    {
        if (options?.ModelId is { } id && id != model.Fingerprint)
        {
            throw new ArgumentException($"The model '{id}' is asked for, but the one in service has the fingerprint '{model.Fingerprint}'. Leave {nameof(options.ModelId)} null, or serve that model.", nameof(options));
        }

        if (options?.Dimensions is { } size && size != model.EmbeddingSize)
        {
            throw new ArgumentException($"Embeddings of {size} numbers are asked for; those of this model have {model.EmbeddingSize}, and a part of them is no embedding. Leave {nameof(options.Dimensions)} null.", nameof(options));
        }
    }
}
