using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(FaceImageLoadingTransformer), null, typeof(SignatureLoadModel), "Face image loading", FaceImageLoadingTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(IRowMapper), typeof(FaceImageLoadingTransformer), null, typeof(SignatureLoadRowMapper), "Face image loading", FaceImageLoadingTransformer.LoaderSignature)]

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Decodes photographs from a column of paths (text) or of encoded bytes (Vector&lt;Byte&gt;) into an image column.
/// Headers are checked before anything is decoded.
/// </summary>
public sealed class FaceImageLoadingTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "FaceImageLoading";

    private const uint FormatVersion = 0x00010002;

    private readonly string _outputColumnName;
    private readonly string _inputColumnName;
    private readonly string? _imageFolder;
    private readonly UnreadableImages _unreadableImages;
    private readonly long? _maximumPixels;

    internal FaceImageLoadingTransformer(IHostEnvironment environment, string outputColumnName, string inputColumnName, string? imageFolder, UnreadableImages unreadableImages, long? maximumPixels)
        : base(Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceImageLoadingTransformer)))
    {
        _outputColumnName = outputColumnName;
        _inputColumnName = inputColumnName;
        _imageFolder = imageFolder;
        _unreadableImages = unreadableImages;
        _maximumPixels = maximumPixels;
    }

    /// <summary>Photographs that could not be read and were given as null images so far.</summary>
    public long SkippedImageCount => Interlocked.Read(ref _skipped);

    private long _skipped;
    private int _reductionsWarnedOf;

    /// <summary>The image column that is added.</summary>
    internal string OutputColumnName => _outputColumnName;

    internal string InputColumnName => _inputColumnName;

    /// <summary>Makes the same, which gives null images in place of photographs that cannot be read.</summary>
    internal FaceImageLoadingTransformer SkippingUnreadable() => new(Host, _outputColumnName, _inputColumnName, _imageFolder, UnreadableImages.Skip, _maximumPixels);

    internal const string ExpectedInput = "String or Vector<Byte>";

    internal static bool AcceptsInput(DataViewType type) =>
        type is TextDataViewType || (type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Byte);

    /// <inheritdoc/>
    protected override void SaveModel(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        context.Writer.Write(_outputColumnName);
        context.Writer.Write(_inputColumnName);
        context.Writer.Write(_imageFolder ?? "");
        context.Writer.Write((int)_unreadableImages);
        context.Writer.Write(_maximumPixels ?? 0);
    }

    private static FaceImageLoadingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        ModelEntry.CheckVersion(context, GetVersionInfo());
        string output = context.Reader.ReadString(), input = context.Reader.ReadString(), folder = context.Reader.ReadString();
        var unreadable = (UnreadableImages)context.Reader.ReadInt32();
        environment.CheckDecode(Enum.IsDefined(unreadable));
        long maximumPixels = context.Reader.ReadInt64();
        environment.CheckDecode(maximumPixels is >= 0 and <= PixelLimit.LargestLimit);
        return new FaceImageLoadingTransformer(environment, output, input, folder.Length == 0 ? null : folder, unreadable, maximumPixels == 0 ? null : maximumPixels);
    }

    private static IRowMapper Create(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema) =>
        Create(environment, context).MakeRowMapper(inputSchema);

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACELOAD",
        verWrittenCur: FormatVersion,
        verReadableCur: FormatVersion,
        verWeCanReadBack: FormatVersion,
        loaderAssemblyName: typeof(FaceImageLoadingTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    /// <inheritdoc/>
    protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private MLImage? Decode(Func<MLImage> decode)
    {
        try
        {
            MLImage image = decode();
            if (image.Tag == FaceImage.ReducedTag && Interlocked.Exchange(ref _reductionsWarnedOf, 1) == 0)
            {
                using IChannel channel = Host.Start(nameof(FaceImageLoadingTransformer));
                channel.Warning($"A photograph of more than {FaceImage.MostDecodedPixels / 1_000_000} megapixels was decoded at a reduced size of {image.Width}×{image.Height}. " +
                    "Boxes and landmarks that are found on it are in these pixels; landmarks that come with your data have to be scaled to them. This is said once.");
            }

            return image;
        }
        catch (FaceImageException exception) when (_unreadableImages == UnreadableImages.Skip)
        {
            Interlocked.Increment(ref _skipped);
            using IChannel channel = Host.Start(nameof(FaceImageLoadingTransformer));
            channel.Warning($"Skipped. {exception.Message}");
            return null;
        }
    }

    private sealed class Mapper : MapperBase
    {
        private readonly FaceImageLoadingTransformer _parent;
        private readonly int _inputIndex;
        private readonly bool _isPath;

        /// <summary>The column that tells the origin of encoded bytes in messages; null if it is not known.</summary>
        private readonly DataViewSchema.Column? _origin;

        public Mapper(FaceImageLoadingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), inputSchema, parent)
        {
            _parent = parent;
            DataViewSchema.Column input = SchemaCheck.Find(Host, inputSchema, parent._inputColumnName, ExpectedInput, AcceptsInput);
            _inputIndex = input.Index;
            _isPath = input.Type is TextDataViewType;
            _origin = ImageOrigin.KeyColumn(inputSchema, input);
        }

        protected override void SaveModel(ModelSaveContext context) => _parent.SaveModel(context);

        protected override Func<int, bool> GetDependenciesCore(Func<int, bool> activeOutput) =>
            column => activeOutput(0) && (column == _inputIndex || column == _origin?.Index);

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() =>
            [new DataViewSchema.DetachedColumn(_parent._outputColumnName, new ImageDataViewType())];

        protected override Delegate MakeGetter(DataViewRow input, int outputIndex, Func<int, bool> activeOutput, out Action? disposer)
        {
            // As ML.NET's image getters do: the image that the caller hands back is disposed, so that a caller with
            // one variable holds one image; who wants to keep an image hands in an empty variable.
            MLImage? last = null;
            disposer = () => last?.Dispose();
            Func<MLImage?> decode = _isPath ? FromPath(input) : FromBytes(input);
            return (ValueGetter<MLImage>)((ref MLImage value) =>
            {
                value?.Dispose();
                value = null!;
                last = decode();
                value = last!;
            });
        }

        private Func<MLImage?> FromPath(DataViewRow input)
        {
            ValueGetter<ReadOnlyMemory<char>> getPath = input.GetGetter<ReadOnlyMemory<char>>(input.Schema[_inputIndex]);
            ReadOnlyMemory<char> path = default;
            return () =>
            {
                getPath(ref path);
                string file = path.ToString();
                string whole = _parent._imageFolder is null ? file : Path.Combine(_parent._imageFolder, file);
                MLImage? image = _parent.Decode(() => FaceImage.FromFile(whole, _parent._maximumPixels));
                if (image is not null)
                {
                    image.Tag = whole;                         // as ML.NET's own loader; messages name it
                }

                return image;
            };
        }

        private Func<MLImage?> FromBytes(DataViewRow input)
        {
            ValueGetter<VBuffer<byte>> getBytes = input.GetGetter<VBuffer<byte>>(input.Schema[_inputIndex]);
            VBuffer<byte> bytes = default;
            string name = $"in column '{_parent._inputColumnName}'";
            Func<string>? getOrigin = _origin is { } origin ? ImageOrigin.CreateGetter(input, input.Schema[origin.Index]) : null;
            return () =>
            {
                getBytes(ref bytes);
                return _parent.Decode(() => FaceImage.FromBytes(bytes.IsDense ? bytes.GetValues() : [.. bytes.DenseValues()], getOrigin is null ? name : $"in {getOrigin()}", _parent._maximumPixels));
            };
        }
    }
}
