using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes <see cref="FaceExpandingTransformer"/>; learns nothing from the data.</summary>
public sealed class FaceExpandingEstimator : IEstimator<FaceExpandingTransformer>
{
    internal const string Expected = "Vector<Single>, as DetectFaces adds it";
    private readonly IHost _host;
    private readonly FaceExpandingOptions _options;

    internal FaceExpandingEstimator(IHostEnvironment environment, FaceExpandingOptions options)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceExpandingEstimator));
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        _options = options;
    }

    /// <summary>Gives the transformer, after a check of the schema.</summary>
    /// <param name="input">Data with the columns that DetectFaces adds; no row is read.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    public FaceExpandingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var transformer = new FaceExpandingTransformer(_host, _options);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <summary>Gives the input's schema with one face in the columns of faces, and the column that tells which.</summary>
    /// <param name="inputSchema">A schema with the columns that DetectFaces adds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        foreach ((string name, _) in _options.Columns.All)
        {
            SchemaCheck.Check(_host, inputSchema, name, Expected, column => column.Kind != SchemaShape.Column.VectorKind.Scalar && column.ItemType == NumberDataViewType.Single);
        }

        return inputSchema.With(
        [
            .. _options.Columns.All.Select(column => new SchemaShape.Column(
                column.Name, column.Values == 1 ? SchemaShape.Column.VectorKind.Scalar : SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false)),
            new SchemaShape.Column(_options.FaceColumnName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Int32, isKey: false),
        ]);
    }
}
