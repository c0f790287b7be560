using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Tells which model made a column of embeddings: whom it was trained on, and its threshold. The column carries it as an
/// annotation, which ML.NET passes on with the column (cached, filtered, copied), but writes to no file.
/// </summary>
internal sealed class EmbeddingOrigin : IModelPeople
{
    /// <summary>The annotation of a column of embeddings that holds this.</summary>
    public const string Annotation = "FaceModel";

    /// <summary>The annotation of a column of embeddings that holds the model's fingerprint, text.</summary>
    public const string FingerprintAnnotation = "FaceModelFingerprint";

    private readonly Func<IReadOnlyList<int>, float[][]> _copyCenters;
    private readonly Lazy<Dictionary<string, int>> _indexOf;

    /// <param name="personCount">People that the model was trained on; 0 where its weights came from a file.</param>
    /// <param name="personNames">Their names; null where the labels were keys without names.</param>
    /// <param name="threshold">The model's threshold; null: it has none.</param>
    /// <param name="copyCenters">Gives the class centers of some of the people.</param>
    public EmbeddingOrigin(int personCount, string[]? personNames, VerificationThreshold? threshold, Func<IReadOnlyList<int>, float[][]> copyCenters)
    {
        (PersonCount, HasNames, Threshold, _copyCenters) = (personCount, personNames is not null, threshold, copyCenters);
        _indexOf = new(() => Enumerable.Range(0, personCount)
            .DistinctBy(NameOf, StringComparer.Ordinal).ToDictionary(NameOf, StringComparer.Ordinal));

        string NameOf(int person) => personNames?[person] ?? NameColumn.NameOfKey((uint)person + 1);
    }

    public int PersonCount { get; }

    /// <summary>Tells whether the people have names, or only numbers.</summary>
    public bool HasNames { get; }

    public VerificationThreshold? Threshold { get; }

    /// <summary>Finds a person of the model by name.</summary>
    public bool TryGetPerson(string name, out int person) => _indexOf.Value.TryGetValue(name, out person);

    /// <summary>Copies the class centers of some people in unit length; null where the model and all copies of it were disposed of.</summary>
    public float[][]? CopyCenters(IReadOnlyList<int> people)
    {
        try
        {
            return _copyCenters(people);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Reads what a column of embeddings says of its model; null where it says nothing.</summary>
    public static EmbeddingOrigin? Of(DataViewSchema.Column embeddings)
    {
        DataViewSchema.Annotations annotations = embeddings.Annotations;
        if (annotations.Schema.GetColumnOrNull(Annotation) is not { Type: EmbeddingOriginType })
        {
            return null;
        }

        EmbeddingOrigin origin = null!;
        annotations.GetValue(Annotation, ref origin);
        return origin;
    }

    /// <summary>Reads the fingerprint of the model that made a column of embeddings; null where the column does not say it.</summary>
    public static string? FingerprintOf(DataViewSchema.Column embeddings)
    {
        DataViewSchema.Annotations annotations = embeddings.Annotations;
        if (annotations.Schema.GetColumnOrNull(FingerprintAnnotation) is not { Type: TextDataViewType })
        {
            return null;
        }

        ReadOnlyMemory<char> fingerprint = default;
        annotations.GetValue(FingerprintAnnotation, ref fingerprint);
        return fingerprint.IsEmpty ? null : fingerprint.ToString();
    }

    /// <summary>Makes the annotations of a column of embeddings that were made of another column's, such as means of them; null where that says nothing of its model.</summary>
    public static DataViewSchema.Annotations? CopyAnnotations(DataViewSchema.Column embeddings) => Of(embeddings)?.ToAnnotations(FingerprintOf(embeddings) ?? "");

    /// <summary>Makes the annotations of a column.</summary>
    /// <param name="fingerprint">The model's; empty: it is not said.</param>
    public DataViewSchema.Annotations ToAnnotations(string fingerprint = "")
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        AddTo(annotations, () => fingerprint);
        return annotations.ToAnnotations();
    }

    /// <summary>Puts it on a column.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations, Func<string> fingerprint)
    {
        annotations.Add(Annotation, EmbeddingOriginType.Instance, (ref EmbeddingOrigin value) => value = this);
        annotations.Add(FingerprintAnnotation, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = fingerprint().AsMemory());
    }
}

/// <summary>The type of the annotation <see cref="EmbeddingOrigin.Annotation"/>.</summary>
internal sealed class EmbeddingOriginType : StructuredDataViewType
{
    private EmbeddingOriginType()
        : base(typeof(EmbeddingOrigin))
    {
    }

    public static EmbeddingOriginType Instance { get; } = new();

    public override bool Equals(DataViewType? other) => other is EmbeddingOriginType;

    public override int GetHashCode() => typeof(EmbeddingOriginType).GetHashCode();

    public override string ToString() => "face model";
}
