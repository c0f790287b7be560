using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

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
        SchemaCheck.CheckImage(_host, inputSchema, _imageColumnName);
        if (_landmarksColumnName is not null)
        {
            SchemaCheck.Check(_host, inputSchema, _landmarksColumnName, FaceAligningTransformer.ExpectedLandmarks,
                column => column.Kind != SchemaShape.Column.VectorKind.Scalar && column.ItemType == NumberDataViewType.Single);
        }

        return inputSchema.With(new SchemaShape.Column(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, FaceAligningTransformer.OutputType, isKey: false));
    }
}
