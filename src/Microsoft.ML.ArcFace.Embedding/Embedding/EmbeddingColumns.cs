using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>What an embedding transformer reads and which columns it adds; null where one is not wanted.</summary>
internal sealed record EmbeddingColumns(string Image, string Embedding, string? PredictedLabel, string? Score, string? Cosine, string? Quality = null)
{
    private const string ScoreColumnKind = "MulticlassClassification";

    /// <summary>The added columns in their order.</summary>
    public IEnumerable<EmbeddingOutput> Outputs()
    {
        yield return EmbeddingOutput.Embedding;
        if (PredictedLabel is not null)
        {
            yield return EmbeddingOutput.PredictedLabel;
        }

        if (Score is not null)
        {
            yield return EmbeddingOutput.Score;
        }

        if (Cosine is not null)
        {
            yield return EmbeddingOutput.Cosine;
        }

        if (Quality is not null)
        {
            yield return EmbeddingOutput.Quality;
        }
    }

    public string NameOf(EmbeddingOutput output) => output switch
    {
        EmbeddingOutput.Embedding => Embedding,
        EmbeddingOutput.PredictedLabel => PredictedLabel!,
        EmbeddingOutput.Score => Score!,
        EmbeddingOutput.Cosine => Cosine!,
        _ => Quality!,
    };

    /// <summary>The input's columns and the added ones behind them.</summary>
    public DataViewSchema AddTo(DataViewSchema input, EmbeddingFacts model, EmbeddingOrigin origin, Func<string> fingerprint)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        foreach (EmbeddingOutput output in Outputs())
        {
            var annotations = new DataViewSchema.Annotations.Builder();
            if (output == EmbeddingOutput.Embedding)
            {
                origin.AddTo(annotations, fingerprint);
            }
            else if (output == EmbeddingOutput.PredictedLabel && model.PersonNames is { } names)
            {
                annotations.AddKeyValues(names.Length, TextDataViewType.Instance, NamesGetter(names));
            }
            else if (output is EmbeddingOutput.Score or EmbeddingOutput.Cosine)
            {
                if (model.PersonNames is { } slots)
                {
                    annotations.AddSlotNames(slots.Length, NamesGetter(slots));
                }

                if (output == EmbeddingOutput.Score)
                {
                    annotations.Add(nameof(ScoreColumnKind), TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = ScoreColumnKind.AsMemory());
                }
            }

            builder.AddColumn(NameOf(output), TypeOf(output, model.EmbeddingSize, model.PersonCount), annotations.ToAnnotations());
        }

        return builder.ToSchema();
    }

    /// <summary>The same for an estimator, which does not know the people yet, but whether they have names.</summary>
    public SchemaShape AddTo(SchemaShape input, bool peopleHaveNames = false)
    {
        Dictionary<string, SchemaShape.Column> columns = input.ToDictionary(column => column.Name);
        foreach (EmbeddingOutput output in Outputs())
        {
            string name = NameOf(output);
            columns[name] = output switch
            {
                EmbeddingOutput.PredictedLabel => new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, isKey: true, AnnotationsOf(output, peopleHaveNames)),
                EmbeddingOutput.Quality => new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Single, isKey: false, AnnotationsOf(output, peopleHaveNames)),
                _ => new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false, AnnotationsOf(output, peopleHaveNames)),
            };
        }

        return new SchemaShape(columns.Values);
    }

    private static DataViewType TypeOf(EmbeddingOutput output, int embeddingSize, int people) => output switch
    {
        EmbeddingOutput.Embedding => new VectorDataViewType(NumberDataViewType.Single, embeddingSize),
        EmbeddingOutput.PredictedLabel => new KeyDataViewType(typeof(uint), people),
        EmbeddingOutput.Quality => NumberDataViewType.Single,
        _ => new VectorDataViewType(NumberDataViewType.Single, people),
    };

    private static SchemaShape AnnotationsOf(EmbeddingOutput output, bool peopleHaveNames)
    {
        var annotations = new List<SchemaShape.Column>();
        if (output == EmbeddingOutput.Embedding)
        {
            annotations.Add(new SchemaShape.Column(EmbeddingOrigin.Annotation, SchemaShape.Column.VectorKind.Scalar, EmbeddingOriginType.Instance, false));
            annotations.Add(new SchemaShape.Column(EmbeddingOrigin.FingerprintAnnotation, SchemaShape.Column.VectorKind.Scalar, TextDataViewType.Instance, false));
        }
        else if (peopleHaveNames)
        {
            string kind = output == EmbeddingOutput.PredictedLabel ? "KeyValues" : "SlotNames";
            annotations.Add(new SchemaShape.Column(kind, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false));
        }

        if (output == EmbeddingOutput.Score)
        {
            annotations.Add(new SchemaShape.Column(nameof(ScoreColumnKind), SchemaShape.Column.VectorKind.Scalar, TextDataViewType.Instance, false));
        }

        return new SchemaShape(annotations);
    }

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> NamesGetter(string[] names) => (ref VBuffer<ReadOnlyMemory<char>> value) =>
    {
        VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref value, names.Length);
        for (int i = 0; i < names.Length; i++)
        {
            editor.Values[i] = names[i].AsMemory();
        }

        value = editor.Commit();
    };
}

/// <summary>The columns that an embedding transformer can add.</summary>
internal enum EmbeddingOutput
{
    Embedding,
    PredictedLabel,
    Score,
    Cosine,
    Quality,
}
