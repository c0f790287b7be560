using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace;

/// <summary>Makes <see cref="FaceImageLoadingTransformer"/>; learns nothing from the data.</summary>
public sealed class FaceImageLoadingEstimator : IEstimator<FaceImageLoadingTransformer>
{
    private readonly IHost _host;
    private readonly string _outputColumnName;
    private readonly string _inputColumnName;
    private readonly string? _imageFolder;
    private readonly UnreadableImages _unreadableImages;
    private readonly long? _maximumPixels;

    internal FaceImageLoadingEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, string? imageFolder, UnreadableImages unreadableImages, long? maximumPixels)
    {
        _host = Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceImageLoadingEstimator));
        _host.CheckNonEmpty(outputColumnName, nameof(outputColumnName));
        var check = new OptionsCheck();
        check.Defined(unreadableImages);
        OptionsCheck.ThrowIfAny(check.Violations, nameof(unreadableImages));
        check.InRange(maximumPixels, 1, PixelLimit.LargestLimit);
        OptionsCheck.ThrowIfAny(check.Violations, nameof(maximumPixels));
        if (imageFolder is not null && !Directory.Exists(imageFolder))
        {
            throw new DirectoryNotFoundException($"The image folder '{imageFolder}' does not exist (looked for '{Path.GetFullPath(imageFolder)}'). " +
                "Give the folder that the paths start from, or none if they start from the current directory.");
        }

        _outputColumnName = outputColumnName;
        _inputColumnName = inputColumnName ?? outputColumnName;
        _imageFolder = imageFolder;
        _unreadableImages = unreadableImages;
        _maximumPixels = maximumPixels;
    }

    /// <summary>The transformer, after a check of the schema.</summary>
    /// <param name="input">Data with the input column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or of another kind.</exception>
    public FaceImageLoadingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var transformer = new FaceImageLoadingTransformer(_host, _outputColumnName, _inputColumnName, _imageFolder, _unreadableImages, _maximumPixels);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <summary>The input's schema with the image column.</summary>
    /// <param name="inputSchema">A schema with the input column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or of another kind.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        SchemaCheck.Check(_host, inputSchema, _inputColumnName, FaceImageLoadingTransformer.ExpectedInput, column =>
            column.Kind == SchemaShape.Column.VectorKind.Scalar ? column.ItemType is TextDataViewType : column.ItemType == NumberDataViewType.Byte);
        return inputSchema.With(new SchemaShape.Column(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, new ImageDataViewType(), isKey: false));
    }
}
