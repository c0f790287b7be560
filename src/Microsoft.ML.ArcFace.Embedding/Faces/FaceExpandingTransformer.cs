using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(FaceExpandingTransformer), null, typeof(SignatureLoadModel), "Face expanding", FaceExpandingTransformer.LoaderSignature)]

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Makes a row of each face of a photograph, so that whatever follows works on single faces. In the columns of boxes, landmarks and
/// scores, which it takes from DetectFaces, a row has its face alone (4 numbers, 10 numbers, one number); all other columns are those
/// of the photograph; one column more tells which face it is. It has no rows without a photograph, so that a prediction engine, which
/// makes one row of one, refuses it; <see cref="FaceEmbedder"/> serves models that have it.
/// </summary>
public sealed class FaceExpandingTransformer : ITransformer
{
    internal const string LoaderSignature = "FaceExpanding";
    private readonly FaceExpandingOptions _options;

    internal FaceExpandingTransformer(IHostEnvironment environment, FaceExpandingOptions options)
    {
        Host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceExpandingTransformer));
        _options = options;
    }

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => false;

    internal IHost Host { get; }

    internal FaceExpandingOptions Settings => _options;

    /// <summary>Gives the input's columns, those of faces with one face each, and the column that tells which face of its photograph a row is.</summary>
    /// <param name="inputSchema">A schema with the columns that DetectFaces adds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        Dictionary<int, int> values = _options.Columns.All.ToDictionary(column => Find(inputSchema, column.Name).Index, column => column.Values);
        var schema = new DataViewSchema.Builder();
        foreach (DataViewSchema.Column column in inputSchema)
        {
            DataViewType type = !values.TryGetValue(column.Index, out int ofFace) ? column.Type
                : ofFace == 1 ? NumberDataViewType.Single
                : new VectorDataViewType(NumberDataViewType.Single, ofFace);
            schema.AddColumn(column.Name, type, column.Annotations);
        }

        schema.AddColumn(_options.FaceColumnName, NumberDataViewType.Int32);
        return schema.ToSchema();
    }

    /// <summary>Gives a view with a row for each face; nothing is computed before it is read.</summary>
    /// <param name="input">Photographs with the columns that DetectFaces adds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    public IDataView Transform(IDataView input)
    {
        Host.CheckValue(input, nameof(input));
        return new ExpandedDataView(this, input);
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => throw Host.Except(
        "ExpandFaces makes several rows of one, or none, which a prediction engine cannot. Use Transform, or serve the saved model with FaceEmbedder, whose EmbedAll gives all faces.");

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        context.Writer.Write(_options.Columns.Boxes);
        context.Writer.Write(_options.Columns.Landmarks ?? "");
        context.Writer.Write(_options.Columns.Scores ?? "");
        context.Writer.Write(_options.FaceColumnName);
        context.Writer.Write(_options.KeepPhotographsWithoutFaces);
    }

    private static FaceExpandingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        ModelEntry.CheckVersion(context, GetVersionInfo());
        BinaryReader reader = context.Reader;
        string? Optional() => reader.ReadString() is { Length: > 0 } name ? name : null;
        var options = new FaceExpandingOptions(new FaceColumns(reader.ReadString(), Optional(), Optional()), reader.ReadString(), reader.ReadBoolean());
        ModelEntry.CheckEnd(context);
        environment.CheckDecode(options.Violations().Count == 0);
        return new FaceExpandingTransformer(environment, options);
    }

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACEEXPD",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderAssemblyName: typeof(FaceExpandingTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    private DataViewSchema.Column Find(DataViewSchema schema, string name) => SchemaCheck.Find(
        Host, schema, name, FaceExpandingEstimator.Expected, type => type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single);
}
