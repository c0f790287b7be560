using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(FaceAligningTransformer), null, typeof(SignatureLoadModel), "Face aligning", FaceAligningTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(IRowMapper), typeof(FaceAligningTransformer), null, typeof(SignatureLoadRowMapper), "Face aligning", FaceAligningTransformer.LoaderSignature)]

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Brings faces to the ArcFace template, 112×112 pixels, by five landmarks each; without a column of landmarks, crops to
/// the central square. Of several faces in a row the first is taken, which DetectFaces gives the main one. The image that
/// comes in stays as it is. Where there is no image, no face (no landmarks at all), or the landmarks are not those of a face
/// (not numbers, all one point, farther apart than any photograph is wide), the aligned image is null.
/// </summary>
public sealed class FaceAligningTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "FaceAligning";
    internal const string ExpectedLandmarks = "Vector<Single, 10>";

    private readonly string _outputColumnName;
    private readonly string _imageColumnName;
    private readonly string? _landmarksColumnName;
    private readonly AlignmentBorder _border;

    internal FaceAligningTransformer(IHostEnvironment environment, string outputColumnName, string imageColumnName, string? landmarksColumnName, AlignmentBorder border)
        : base(Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceAligningTransformer)))
    {
        _outputColumnName = outputColumnName;
        _imageColumnName = imageColumnName;
        _landmarksColumnName = landmarksColumnName;
        _border = border;
    }

    internal static ImageDataViewType OutputType { get; } = new(FaceTensor.Size, FaceTensor.Size);

    /// <inheritdoc/>
    protected override void SaveModel(ModelSaveContext context)
    {
        Host.CheckValue(context, nameof(context));
        context.CheckAtModel();
        context.SetVersionInfo(GetVersionInfo());
        context.Writer.Write(_outputColumnName);
        context.Writer.Write(_imageColumnName);
        context.Writer.Write(_landmarksColumnName ?? "");
        context.Writer.Write((int)_border);
    }

    private static FaceAligningTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        Contracts.CheckValue(environment, nameof(environment));
        environment.CheckValue(context, nameof(context));
        ModelEntry.CheckVersion(context, GetVersionInfo());
        string output = context.Reader.ReadString(), image = context.Reader.ReadString(), landmarks = context.Reader.ReadString();
        var border = (AlignmentBorder)context.Reader.ReadInt32();
        environment.CheckDecode(Enum.IsDefined(border));
        return new FaceAligningTransformer(environment, output, image, landmarks.Length == 0 ? null : landmarks, border);
    }

    private static IRowMapper Create(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema) =>
        Create(environment, context).MakeRowMapper(inputSchema);

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "FACEALGN",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderAssemblyName: typeof(FaceAligningTransformer).Assembly.GetName().Name!,
        loaderSignature: LoaderSignature);

    /// <inheritdoc/>
    protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private MLImage? Align(MLImage? image, double[]? landmarks)
    {
        if (image is null)
        {
            return null;
        }

        byte[] aligned;
        if (landmarks is null)
        {
            aligned = FaceResizer.CropAndResize(image.Pixels, image.Width, image.Height);
        }
        else if (landmarks.Length > 0 && FaceTemplate.Fit(landmarks) is { } transform)
        {
            aligned = FaceWarp.Apply(image.Pixels, image.Width, image.Height, transform, _border);
        }
        else
        {
            return null;
        }

        return MLImage.CreateFromPixels(FaceTensor.Size, FaceTensor.Size, image.PixelFormat, aligned);
    }

    private sealed class Mapper : MapperBase
    {
        private readonly FaceAligningTransformer _parent;
        private readonly int _imageIndex;
        private readonly int? _landmarksIndex;

        public Mapper(FaceAligningTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), inputSchema, parent)
        {
            _parent = parent;
            _imageIndex = SchemaCheck.FindImage(Host, inputSchema, parent._imageColumnName).Index;
            _landmarksIndex = parent._landmarksColumnName is null
                ? null
                : SchemaCheck.Find(Host, inputSchema, parent._landmarksColumnName, ExpectedLandmarks,
                    type => type is VectorDataViewType { Size: 0 or FaceTemplate.LandmarkValues } vector && vector.ItemType == NumberDataViewType.Single).Index;
        }

        protected override void SaveModel(ModelSaveContext context) => _parent.SaveModel(context);

        protected override Func<int, bool> GetDependenciesCore(Func<int, bool> activeOutput) =>
            column => activeOutput(0) && (column == _imageIndex || column == _landmarksIndex);

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => [new DataViewSchema.DetachedColumn(_parent._outputColumnName, OutputType)];

        protected override Delegate MakeGetter(DataViewRow input, int outputIndex, Func<int, bool> activeOutput, out Action? disposer)
        {
            ValueGetter<MLImage> getImage = input.GetGetter<MLImage>(input.Schema[_imageIndex]);
            Func<double[]?> getLandmarks = _landmarksIndex is { } index ? Landmarks(input, index) : static () => (double[]?)null;
            MLImage? source = null, last = null;
            disposer = () =>
            {
                source?.Dispose();
                last?.Dispose();
            };
            return (ValueGetter<MLImage>)((ref MLImage value) =>
            {
                // As ML.NET's image getters do: what the caller hands back is disposed.
                value?.Dispose();
                getImage(ref source!);
                last = _parent.Align(source, getLandmarks());
                value = last!;
            });
        }

        private Func<double[]?> Landmarks(DataViewRow input, int index)
        {
            ValueGetter<VBuffer<float>> get = input.GetGetter<VBuffer<float>>(input.Schema[index]);
            VBuffer<float> values = default;
            string name = input.Schema[index].Name;
            return () =>
            {
                get(ref values);
                return values.Length % FaceTemplate.LandmarkValues == 0
                    ? [.. values.DenseValues().Take(FaceTemplate.LandmarkValues).Select(value => (double)value)]
                    : throw new InvalidOperationException($"The column '{name}' holds {values.Length} numbers in a row; five landmarks are {FaceTemplate.LandmarkValues} for each face: x and y of left eye, right eye, nose, left and right corner of the mouth.");
            };
        }
    }
}
