using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// Finds the faces of photographs: their boxes, landmarks and scores, the main face first. Where a photograph shows none,
/// or there is no photograph, the three vectors are empty. Many threads may use one transformer, which holds native memory
/// until <see cref="Dispose"/>. It runs on the CPU, and only when one of its columns is read: once a row, whichever of them.
/// </summary>
public sealed partial class FaceDetectingTransformer : RowToRowTransformerBase, ISharedTransformer, IFaceDetections, IDisposable
{
    private readonly FaceDetectingEstimator.Options _options;
    private readonly ModelLease<FaceDetector> _lease;

    /// <summary>The detector's file, to be saved with the model.</summary>
    private readonly byte[] _onnx;

    /// <summary>Takes over a detector.</summary>
    internal FaceDetectingTransformer(IHostEnvironment environment, FaceDetector detector, byte[] onnx, FaceDetectingEstimator.Options options)
        : this(environment, ModelLease<FaceDetector>.OfTransformer(detector, nameof(FaceDetectingTransformer)), onnx, options)
    {
    }

    private FaceDetectingTransformer(IHostEnvironment environment, ModelLease<FaceDetector> lease, byte[] onnx, FaceDetectingEstimator.Options options)
        : base(Contracts.CheckRef(environment, nameof(environment)).Register(nameof(FaceDetectingTransformer)))
    {
        _lease = lease;
        Kind = lease.Model.Decoder.Kind;
        _onnx = onnx;
        _options = options;
    }

    /// <summary>Which detector it is.</summary>
    public FaceDetectorKind Kind { get; }

    /// <summary>The options that it was made with.</summary>
    internal FaceDetectingEstimator.Options Settings => _options;

    /// <inheritdoc/>
    FaceColumns IFaceDetections.Columns => new(_options.BoxesColumnName, _options.LandmarksColumnName, _options.ScoresColumnName);

    /// <inheritdoc/>
    ITransformer ISharedTransformer.Share() => new FaceDetectingTransformer(Host, _lease.Share(), _onnx, _options);

    /// <inheritdoc/>
    protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    /// <summary>
    /// Ends this transformer's share in the network, after the passes that are under way. The native memory is freed unless a copy of
    /// the model still shares it. Views and prediction engines of this transformer cannot be read afterwards: they throw an
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _lease.Dispose();

    /// <summary>Finds the faces of a photograph, the main one first.</summary>
    /// <exception cref="ObjectDisposedException">The transformer was disposed of.</exception>
    internal IReadOnlyList<DetectedFace> Detect(MLImage image, DetectionSettings settings)
    {
        using ModelLease<FaceDetector>.Use use = _lease.Begin();
        return use.Model.Detect(image, settings);
    }

    private sealed class Mapper : MapperBase
    {
        private readonly FaceDetectingTransformer _parent;
        private readonly int _imageIndex;
        private readonly (string Name, Func<DetectedFace, float[]> Values)[] _outputs;

        public Mapper(FaceDetectingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host.Register(nameof(Mapper)), inputSchema, parent)
        {
            _parent = parent;
            FaceDetectingEstimator.Options options = parent._options;
            _imageIndex = SchemaCheck.FindImage(Host, inputSchema, options.ImageColumnName).Index;
            _outputs =
            [
                (options.BoxesColumnName, face => [face.X, face.Y, face.Width, face.Height]),
                .. options.LandmarksColumnName is { } landmarks ? [(landmarks, static face => face.Landmarks)] : Array.Empty<(string, Func<DetectedFace, float[]>)>(),
                (options.ScoresColumnName, face => [face.Score]),
            ];
        }

        protected override void SaveModel(ModelSaveContext context) => _parent.SaveModel(context);

        protected override Func<int, bool> GetDependenciesCore(Func<int, bool> activeOutput) =>
            column => column == _imageIndex && Enumerable.Range(0, _outputs.Length).Any(activeOutput);

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() =>
            [.. _outputs.Select(output => new DataViewSchema.DetachedColumn(output.Name, new VectorDataViewType(NumberDataViewType.Single)))];

        /// <summary>The getters of a row share what was found in it.</summary>
        public override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action? disposer)
        {
            disposer = null;
            var getters = new Delegate[_outputs.Length];
            Func<IReadOnlyList<DetectedFace>>? detect = null;
            for (int i = 0; i < getters.Length; i++)
            {
                if (activeOutput(i))
                {
                    getters[i] = Getter(detect ??= DetectOnce(input, out disposer), _outputs[i].Values);
                }
            }

            return getters;
        }

        protected override Delegate MakeGetter(DataViewRow input, int outputIndex, Func<int, bool> activeOutput, out Action? disposer) =>
            Getter(DetectOnce(input, out disposer), _outputs[outputIndex].Values);

        private Func<IReadOnlyList<DetectedFace>> DetectOnce(DataViewRow input, out Action disposer)
        {
            ValueGetter<MLImage> getImage = input.GetGetter<MLImage>(input.Schema[_imageIndex]);
            DetectionSettings settings = _parent._options.Settings;
            MLImage? image = null;
            IReadOnlyList<DetectedFace> faces = [];
            long position = -1;
            disposer = () => image?.Dispose();
            return () =>
            {
                if (position != input.Position)
                {
                    // Not remembered before it is found: a row that failed is not taken for one without faces.
                    position = -1;
                    getImage(ref image!);
                    faces = image is null ? [] : _parent.Detect(image, settings);
                    position = input.Position;
                }

                return faces;
            };
        }

        private static ValueGetter<VBuffer<float>> Getter(Func<IReadOnlyList<DetectedFace>> detect, Func<DetectedFace, float[]> values) =>
            (ref VBuffer<float> value) =>
            {
                float[] all = [.. detect().SelectMany(values)];
                VBufferEditor<float> editor = VBufferEditor.Create(ref value, all.Length);
                all.CopyTo(editor.Values);
                value = editor.Commit();
            };
    }
}
