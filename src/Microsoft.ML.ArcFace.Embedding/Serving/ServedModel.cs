using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>Holds the embedding of a face.</summary>
/// <param name="Vector">In unit length.</param>
/// <param name="Length">The length that it had before.</param>
internal readonly record struct RawEmbedding(float[] Vector, float Length);

/// <summary>A loaded model that answers requests. The service and each request have a lease of it (<see cref="ModelLease{T}"/>).</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly ITransformer _model;
    private readonly FaceEmbeddingTransformer _embedding;
    private readonly FacePipeline _pipeline;

    private ServedModel(ITransformer model, FacePipeline pipeline)
    {
        (_model, _embedding, _pipeline) = (model, model.FaceEmbedding(), pipeline);
        Fingerprint = _embedding.Fingerprint;
        LengthIsQuality = _embedding.Model.Facts.Training is { Loss: "MagFaceLoss" or "AdaFaceLoss" };
    }

    /// <summary>Whether the loss made the length of embeddings a measure of quality.</summary>
    public bool LengthIsQuality { get; }

    public string Fingerprint { get; }

    public int EmbeddingSize => _embedding.EmbeddingSize;

    public VerificationThreshold? Threshold => _embedding.Threshold;

    /// <summary>Loads a model and embeds once, so that the first request finds all of it made and working.</summary>
    /// <exception cref="IOException">The file is absent, or cannot be read.</exception>
    /// <exception cref="WeightsFormatException">It is damaged or of another kind.</exception>
    public static ModelLease<ServedModel> Load(MLContext ml, string path, AlignmentCheck? alignment = null)
    {
        ITransformer model = FaceModelFile.Load(ml, path, out DataViewSchema? schema);
        try
        {
            var served = new ServedModel(model, new FacePipeline(model, schema, alignment ?? new AlignmentCheck(isRequired: false)));
            served.Embed(new byte[FaceTensor.ByteCount], count: 1);
            return new ModelLease<ServedModel>(served, nameof(FaceEmbedder));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            (model as IDisposable)?.Dispose();
            throw new InvalidOperationException($"The model '{path}' cannot be used: {error.Message}", error);
        }
        catch
        {
            (model as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Frees the model; called by its last lease.</summary>
    public void Dispose()
    {
        _pipeline.Dispose();
        (_model as IDisposable)?.Dispose();
        NativeMemory.GiveBackFreedMemory();
    }

    /// <summary>Decodes a photograph and brings its main face to the template.</summary>
    /// <exception cref="FaceImageException">It cannot be read.</exception>
    /// <exception cref="FaceNotFoundException">It shows no face.</exception>
    /// <exception cref="PresentationAttackException">The detector refuses it.</exception>
    /// <exception cref="OperationCanceledException">It was canceled before it was decoded.</exception>
    public ReadFace ReadFace(FacePhotograph photograph, IPresentationAttackDetector? attackDetector, DecodingLimits limits, CancellationToken cancellationToken = default) =>
        Read(photograph, attackDetector, limits, image => _pipeline.ReadFace(image, photograph.Name), cancellationToken) ?? throw new FaceNotFoundException(photograph.Name);

    /// <summary>Decodes a photograph and brings all its faces to the template, the main one first.</summary>
    /// <exception cref="FaceImageException">It cannot be read.</exception>
    /// <exception cref="TooManyFacesException">It shows more faces.</exception>
    /// <exception cref="PresentationAttackException">The detector refuses it.</exception>
    /// <exception cref="InvalidOperationException">The model does not cut out the faces that it finds.</exception>
    /// <exception cref="OperationCanceledException">It was canceled before it was decoded.</exception>
    public IReadOnlyList<ReadFace> ReadFaces(FacePhotograph photograph, IPresentationAttackDetector? attackDetector, DecodingLimits limits, int mostFaces, CancellationToken cancellationToken = default) =>
        Read(photograph, attackDetector, limits, image => _pipeline.ReadFaces(image, photograph.Name, mostFaces), cancellationToken);

    /// <summary>The embeddings of faces, one forward pass.</summary>
    public RawEmbedding[] Embed(ReadOnlySpan<byte> faces, int count)
    {
        using ModelLease<FaceEmbeddingModel>.Use use = _embedding.Lease.Begin();
        (float[] unit, float[] lengths) = use.Model.Embed(faces, count, _embedding.AddsMirrorImage);
        return [.. unit.Chunk(EmbeddingSize).Zip(lengths, (vector, length) => new RawEmbedding(vector, length))];
    }

    private static T Read<T>(FacePhotograph photograph, IPresentationAttackDetector? attackDetector, DecodingLimits limits, Func<MLImage, T> read, CancellationToken cancellationToken)
    {
        using DecodedImage decoded = photograph.Decode(limits, cancellationToken);
        return !photograph.IsReference && attackDetector?.Assess(decoded.Image) is { IsAttack: true } assessment
            ? throw new PresentationAttackException(photograph.Name, assessment)
            : read(decoded.Image);
    }
}
