using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>A teacher that is ready to embed. Its file was read, so that what is wrong with it is told before photographs are.</summary>
internal sealed class OpenTeacher : IDisposable
{
    private readonly FaceEmbeddingTransformer _embedding;

    // What was loaded from a file, and is freed with this; null where the caller owns the model.
    private readonly IDisposable? _owned;

    private OpenTeacher(FaceTeacher options, FaceEmbeddingTransformer embedding, IDisposable? owned) => (Options, _embedding, _owned) = (options, embedding, owned);

    /// <summary>How it is listened to.</summary>
    public FaceTeacher Options { get; }

    /// <summary>Numbers in one of its embeddings.</summary>
    public int EmbeddingSize => _embedding.EmbeddingSize;

    /// <summary>What the trained model says of it.</summary>
    public FaceTeacherSummary Summary => new(Options.File is { } file ? Path.GetFileName(file) : _embedding.NetworkName, _embedding.Fingerprint, Options.Weight);

    /// <summary>Opens a teacher; null where there is none.</summary>
    /// <param name="host">The trainer's.</param>
    /// <param name="teacher">The teacher, or none.</param>
    /// <param name="input">The photographs to train on, of which no row is read.</param>
    /// <param name="imageColumnName">Their column of faces.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">It is damaged, or no recognizer of aligned faces that can be read.</exception>
    public static OpenTeacher? Open(IHost host, FaceTeacher? teacher, IDataView input, string imageColumnName)
    {
        if (teacher is null)
        {
            return null;
        }

        if (teacher.Embedding is { } given)
        {
            return new OpenTeacher(teacher, given, owned: null);
        }

        string file = teacher.File!;
        MissingFile.ThrowIfAbsent("The teacher", file, $"Give {FileUse.Recognizer.Needed}.");
        if (FileNature.Of(file)?.Kind != FileKind.FaceModel)
        {
            FaceEmbeddingTransformer read = new FaceEmbeddingEstimator(host, new FaceEmbeddingEstimator.Options { WeightsFile = file, InputColumnName = imageColumnName }).Fit(input);
            return new OpenTeacher(teacher, read, read);
        }

        ITransformer model = FaceModelFile.Load(host, file, out _);
        try
        {
            return new OpenTeacher(teacher, model.FaceEmbedding(), model as IDisposable);
        }
        catch
        {
            (model as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Embeds views: [n, t] in unit length, row by row.</summary>
    /// <param name="views">Bytes of n faces.</param>
    public float[] Embed(ReadOnlySpan<byte> views)
    {
        using ModelLease<FaceEmbeddingModel>.Use use = _embedding.Lease.Begin();
        return use.Model.Embed(views, views.Length / FaceTensor.ByteCount, _embedding.AddsMirrorImage).Unit;
    }

    public void Dispose() => _owned?.Dispose();
}
