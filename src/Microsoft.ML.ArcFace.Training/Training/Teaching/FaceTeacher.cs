using System.Text.Json.Serialization;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// A model that a training learns from, beside its labels. For every view of a photograph that the student sees, the teacher embeds the
/// same pixels, and the student is drawn to that embedding (docs/training.md, "Learn from a model"). The teacher is no part of the
/// trained model.
/// </summary>
public sealed record FaceTeacher
{
    /// <summary>Names a file: an .onnx, .pth, .pt or .safetensors file as <c>EmbedFaces</c> reads it, or the .zip of a saved face model.</summary>
    /// <param name="file">The file; it is opened when a training starts.</param>
    public FaceTeacher(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        File = file;
    }

    /// <summary>Takes a model, such as a pipeline with <c>EmbedFaces</c>. Of a pipeline the embedding alone is used: it is given the student's views.</summary>
    /// <param name="model">A pipeline with one face embedding in it, or the embedding itself. The caller goes on owning it, and disposes of it after the training.</param>
    /// <exception cref="ArgumentException">The model has no face embedding, or several.</exception>
    public FaceTeacher(ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Embedding = model.FaceEmbedding();
    }

    /// <summary>The file; null where a model was given.</summary>
    [JsonIgnore]
    public string? File { get; }

    /// <summary>The embedding that was given; null where a file was named.</summary>
    [JsonIgnore]
    internal FaceEmbeddingTransformer? Embedding { get; }

    /// <summary>The weight of the mean of 1 − cos(student, teacher) beside the loss of the labels: over 0, at most 1000. Default 20.</summary>
    public double Weight { get; init; } = 20;

    /// <summary>
    /// The weight of the relations beside the loss of the labels: 0 to 1000. The relations of a view are a distribution over up to 4,096
    /// photographs of the training, softmax(16·cos) of its embedding with the teacher's embeddings of them; the term is the divergence
    /// KL(teacher‖student) of it (after Fang et al., SEED, arXiv 2101.04731). Default 20.
    /// </summary>
    public double RelationWeight { get; init; } = 20;

    /// <summary>
    /// Views of a step that have no label and are for the teacher alone, as a share of the batch: 0 to 8. They show photographs of the batch
    /// and <see cref="UnlabeledPhotographs"/>. Null, the default: 1 with such photographs, and 0 without.
    /// </summary>
    public double? UnlabeledViewShare { get; init; }

    /// <summary>Share of the views without a label that are mixtures of two photographs, mostly of two people: 0 to 1. Default 1.</summary>
    public double MixedShare { get; init; } = 1;

    /// <summary>
    /// Photographs of anybody, with the image column of the training (apply the same loading transform to them) and no labels. They stay in
    /// memory while training: 37 KB each. Null: the labeled ones alone.
    /// </summary>
    [JsonIgnore]
    public IDataView? UnlabeledPhotographs { get; init; }

    /// <summary>Views without a label in a step with so many labeled ones.</summary>
    internal int UnlabeledViews(int batchSize) => (int)Math.Round(batchSize * (UnlabeledViewShare ?? (UnlabeledPhotographs is null ? 0 : 1)));

    internal IReadOnlyList<string> Violations()
    {
        var check = new OptionsCheck();
        check.That(File is not "", $"{nameof(ArcFaceTrainer.Options.Teacher)}.{nameof(File)} is empty; name an .onnx, .pth, .pt or .safetensors file or the .zip of a model.");
        check.That(Weight is > 0 and <= 1000, FormattableString.Invariant($"{nameof(ArcFaceTrainer.Options.Teacher)}.{nameof(Weight)} is {Weight}; it must be over 0 and at most 1000. To learn from labels alone, leave {nameof(ArcFaceTrainer.Options.Teacher)} null."));
        check.InRange(RelationWeight, 0, 1000);
        check.InRange(UnlabeledViewShare, 0, 8);
        check.InClosedUnit(MixedShare);
        check.That(UnlabeledPhotographs is null || UnlabeledViewShare is not 0, $"{nameof(UnlabeledViewShare)} is 0, so that nothing of {nameof(UnlabeledPhotographs)} would be seen. Set it over 0, or leave these null.");
        return check.Violations;
    }

    /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(FaceTeacher), PrintMembers);
}
