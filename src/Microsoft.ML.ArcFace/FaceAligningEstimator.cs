using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes <see cref="FaceAligningTransformer"/>; learns nothing from the data.</summary>
public sealed class FaceAligningEstimator : IEstimator<FaceAligningTransformer>
{
    private readonly IHost _host;
    private readonly string _outputColumnName;
    private readonly string _imageColumnName;
    private readonly string? _landmarksColumnName;
    private readonly AlignmentBorder _border;

    internal FaceAligningEstimator(IHostEnvironment environment, string outputColumnName, string? imageColumnName, string? landmarksColumnName, AlignmentBorder border)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceAligningEstimator));
        var check = new OptionsCheck();
        check.Name(outputColumnName);
        check.OptionalName(imageColumnName);
        check.OptionalName(landmarksColumnName);
        check.Defined(border);
        OptionsCheck.ThrowIfAny(check.Violations, nameof(outputColumnName));
        _outputColumnName = outputColumnName;
        _imageColumnName = imageColumnName ?? outputColumnName;
        _landmarksColumnName = landmarksColumnName;
        _border = border;
    }

    /// <summary>The transformer, after a check of the schema.</summary>
    /// <param name="input">Data with the input columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another kind.</exception>
    public FaceAligningTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var transformer = new FaceAligningTransformer(_host, _outputColumnName, _imageColumnName, _landmarksColumnName, _border);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <summary>The input's schema with the aligned images.</summary>
    /// <param name="inputSchema">A schema with the input columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        Check(inputSchema, _imageColumnName, FaceAligningTransformer.ExpectedImage,
            column => column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType is ImageDataViewType);
        if (_landmarksColumnName is not null)
        {
            Check(inputSchema, _landmarksColumnName, FaceAligningTransformer.ExpectedLandmarks,
                column => column.Kind != SchemaShape.Column.VectorKind.Scalar && column.ItemType == NumberDataViewType.Single);
        }

        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(existing => existing.Name);
        columns[_outputColumnName] = new SchemaShape.Column(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, FaceAligningTransformer.OutputType, isKey: false);
        return new SchemaShape(columns.Values);
    }

    private void Check(SchemaShape schema, string name, string expected, Func<SchemaShape.Column, bool> accepts)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column column))
        {
            throw _host.ExceptSchemaMismatch(nameof(schema), "input", name);
        }

        if (!accepts(column))
        {
            throw _host.ExceptSchemaMismatch(nameof(schema), "input", name, expected, column.GetTypeString());
        }
    }
}
