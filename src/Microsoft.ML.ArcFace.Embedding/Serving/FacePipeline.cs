using System.Collections.Concurrent;
using Microsoft.ML.ArcFace.Alignment;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Faces;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Serving;

/// <summary>Holds a face of a photograph.</summary>
/// <param name="Pixels">112×112 RGB.</param>
/// <param name="Boxes">All faces of the photograph, this one first; null: the model does not detect.</param>
/// <param name="IsAligned">Whether it came with that size; false: it was cropped and resized.</param>
internal sealed record ReadFace(byte[] Pixels, IReadOnlyList<FaceBox>? Boxes, bool IsAligned)
{
    /// <summary>Ten numbers; null: not known.</summary>
    public IReadOnlyList<float>? Landmarks { get; init; }

    /// <summary>How sure the detector is of it; null: the model does not detect.</summary>
    public double? Score { get; init; }

    /// <summary>The face with its embedding.</summary>
    public EmbeddedFace With(FaceEmbedding embedding) => new(embedding) { Box = Boxes?[0], Landmarks = Landmarks, DetectionScore = Score };
}

/// <summary>
/// What a model does to a photograph before it embeds the face: detect, align, whatever stands between loading and the
/// embedding. Loading itself is left out: photographs come decoded. Many threads may read at once, each with a row of its own.
/// </summary>
internal sealed class FacePipeline : IDisposable
{
    private readonly DataViewSchema _photographs;
    private readonly string _faceColumn;

    /// <summary>The columns of all faces; null: the model does not detect.</summary>
    private readonly FaceColumns? _detections;

    /// <summary>What is done to the photograph, up to the detector; null: nothing.</summary>
    private readonly IRowToRowMapper? _before;

    /// <summary>What is done from there to the aligned face; null: nothing.</summary>
    private readonly IRowToRowMapper? _behind;

    /// <summary>What the rows between the two are: the photograph's, or, where the model expands faces, the face's.</summary>
    private readonly DataViewSchema _faces;
    private readonly bool _expandsFaces;
    private readonly AlignmentCheck _alignment;
    private readonly ConcurrentBag<Reader> _idle = [];

    /// <param name="model">The model.</param>
    /// <param name="inputSchema">What it takes; null: not known.</param>
    /// <param name="alignment">Looks at the faces that come out.</param>
    /// <exception cref="InvalidOperationException">The model takes more than a photograph.</exception>
    public FacePipeline(ITransformer model, DataViewSchema? inputSchema, AlignmentCheck alignment)
    {
        _alignment = alignment;
        FaceEmbeddingTransformer embedding = model.FaceEmbedding();
        ITransformer[] before = [.. model.Parts().TakeWhile(part => part != embedding)];
        int loader = Array.FindLastIndex(before, part => part is FaceImageLoadingTransformer or ImageLoadingTransformer);
        ITransformer[] between = before[(loader + 1)..];
        _faceColumn = embedding.Columns.Image;
        int detector = Array.FindLastIndex(between, part => part is IFaceDetections);
        _detections = detector < 0 ? null : ((IFaceDetections)between[detector]).Columns;
        ITransformer[] behind = between[(detector + 1)..];
        FaceExpandingTransformer? expanding = behind.OfType<FaceExpandingTransformer>().SingleOrDefault();
        _expandsFaces = expanding is not null;
        string photographColumn = (loader < 0 ? OnlyImageColumn(inputSchema) : LoadedColumn(before[..(loader + 1)], inputSchema)) ?? _faceColumn;
        _photographs = PhotographRow.SchemaOf(photographColumn);
        try
        {
            _before = MapperOf(between[..(detector + 1)], _photographs);
            DataViewSchema detected = _before?.OutputSchema ?? _photographs;
            _faces = expanding is not null && _detections is not null ? expanding.GetOutputSchema(detected) : detected;
            _behind = MapperOf([.. behind.Where(part => part != expanding)], _faces);
            FacePixelReader.Column(embedding.Host, _behind?.OutputSchema ?? _faces, _faceColumn);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"The model's embedding cannot be reached from a photograph in the column '{photographColumn}' alone ({error.Message.TrimEnd('.')}). " +
                "Give a model that begins with LoadFaceImages, or with an image column, and needs nothing else, as LoadFaceImages, DetectFaces, AlignFaces and the embedding do.", error);
        }
    }

    /// <summary>Finds the main face of a photograph; null if it shows none.</summary>
    /// <param name="photograph">The photograph.</param>
    /// <param name="name">What to call it in messages.</param>
    public ReadFace? ReadFace(MLImage photograph, string name) => Read(reader => reader.ReadMain(photograph, name));

    /// <summary>Finds all faces of a photograph, the main one first.</summary>
    /// <param name="photograph">The photograph.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="mostFaces">More are refused.</param>
    /// <exception cref="InvalidOperationException">The model finds faces, but does not cut them out by what the detector tells of each.</exception>
    /// <exception cref="TooManyFacesException">There are more faces.</exception>
    public IReadOnlyList<ReadFace> ReadFaces(MLImage photograph, string name, int mostFaces) => Read(reader => reader.ReadAll(photograph, name, mostFaces));

    private T Read<T>(Func<Reader, T> read)
    {
        Reader reader = _idle.TryTake(out Reader? idle) ? idle : new Reader(this);
        try
        {
            T faces = read(reader);
            _idle.Add(reader);
            return faces;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Frees the rows; nobody may be reading.</summary>
    public void Dispose()
    {
        while (_idle.TryTake(out Reader? reader))
        {
            reader.Dispose();
        }
    }

    /// <summary>What the last of these adds; ML.NET's own loader does not tell, but its schema does.</summary>
    private static string? LoadedColumn(ITransformer[] parts, DataViewSchema? inputSchema) => parts[^1] is FaceImageLoadingTransformer loader
        ? loader.OutputColumnName
        : inputSchema is null ? null : parts.Aggregate(inputSchema, (schema, part) => part.GetOutputSchema(schema)).LastOrDefault(column => column.Type is ImageDataViewType).Name;

    private static string? OnlyImageColumn(DataViewSchema? schema)
    {
        DataViewSchema.Column[] images = [.. (schema ?? Enumerable.Empty<DataViewSchema.Column>()).Where(column => column.Type is ImageDataViewType)];
        return images.Length == 1 ? images[0].Name : null;
    }

    private static IRowToRowMapper? MapperOf(ITransformer[] parts, DataViewSchema schema) =>
        parts.Length == 0 ? null : ((ITransformer)new TransformerChain<ITransformer>(parts)).GetRowToRowMapper(schema);

    /// <summary>A row of photographs with the pipeline's columns behind it.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly PhotographRow _photograph;

        /// <summary>The faces of the photograph one by one; null: the model does not detect.</summary>
        private readonly FaceRow? _faces;
        private readonly DataViewRow _row;
        private readonly FacePixelReader.Getter _getFace;

        /// <summary>Whether the face that is embedded depends on what the detector found.</summary>
        private readonly bool _cutsOut;
        private readonly bool _expandsFaces;
        private readonly ValueGetter<VBuffer<float>>? _getBoxes, _getLandmarks, _getScores;
        private string _name = "";
        private bool _isAligned;

        public Reader(FacePipeline pipeline)
        {
            _photograph = new PhotographRow(pipeline._photographs);
            DataViewSchema.Column face = (pipeline._behind?.OutputSchema ?? pipeline._faces)[pipeline._faceColumn];
            DataViewSchema.Column[] needed = pipeline._behind is null ? [face] : [.. pipeline._behind.GetDependencies([face])];
            DataViewRow row = _photograph;
            if (pipeline is { _before: { } before, _detections: { } columns })
            {
                string[] found = [.. columns.All.Select(column => column.Name)];
                _cutsOut = needed.Any(column => found.Contains(column.Name));
                int ofPhotograph = before.OutputSchema.Count;
                IEnumerable<DataViewSchema.Column> active = needed.Where(column => column.Index < ofPhotograph).Select(column => before.OutputSchema[column.Index]);
                DataViewRow detected = before.GetRow(_photograph, [.. active.Union(found.Select(name => before.OutputSchema[name]))]);
                row = _faces = new FaceRow(detected, columns, pipeline._faces);
                _getBoxes = detected.GetGetter<VBuffer<float>>(detected.Schema[columns.Boxes]);
                _getLandmarks = columns.Landmarks is { } landmarks ? detected.GetGetter<VBuffer<float>>(detected.Schema[landmarks]) : null;
                _getScores = columns.Scores is { } scores ? detected.GetGetter<VBuffer<float>>(detected.Schema[scores]) : null;
            }

            _expandsFaces = pipeline._expandsFaces;
            _row = pipeline._behind?.GetRow(row, [face]) ?? row;
            _getFace = FacePixelReader.Create(_row, _row.Schema[pipeline._faceColumn], (image, _) => _isAligned = pipeline._alignment.IsAligned(image, () => _name));
        }

        public ReadFace? ReadMain(MLImage photograph, string name)
        {
            Begin(photograph, name);
            if (_faces is null)
            {
                return Face(detected: null, place: 0);
            }

            if (_expandsFaces)
            {
                _faces.Show(_faces.Count > 0 ? 0 : -1);
            }

            return Face(Detected(), place: 0);
        }

        public IReadOnlyList<ReadFace> ReadAll(MLImage photograph, string name, int mostFaces)
        {
            Begin(photograph, name);
            if (_faces is null)
            {
                return Face(detected: null, place: 0) is { } only ? [only] : [];
            }

            if (!_cutsOut)
            {
                throw new InvalidOperationException(
                    "The model finds faces, but what it embeds does not depend on where they are, so that all faces of a photograph would have one embedding. " +
                    "Save it with a detector that gives landmarks and with AlignFaces behind it, which takes them (arcface train --detector makes both).");
            }

            if (_faces.Count > mostFaces)
            {
                throw new TooManyFacesException(name, _faces.Count, mostFaces);
            }

            Detections detected = Detected();
            var faces = new List<ReadFace>(_faces.Count);
            for (int face = 0; face < _faces.Count; face++)
            {
                _faces.Show(face);
                if (Face(detected, face) is { } read)
                {
                    faces.Add(read);
                }
            }

            return faces;
        }

        private void Begin(MLImage photograph, string name)
        {
            _name = name;
            _photograph.Show(photograph);
            _faces?.Begin();
        }

        /// <summary>The face that the row shows now; null: it shows none.</summary>
        private ReadFace? Face(Detections? detected, int place)
        {
            _isAligned = true;
            byte[] pixels = new byte[FaceTensor.ByteCount];
            return !_getFace(pixels) ? null
                : detected is null ? new ReadFace(pixels, null, _isAligned)
                : new ReadFace(pixels, detected.BoxesFrom(place), _isAligned) { Landmarks = detected.Landmarks.ElementAtOrDefault(place), Score = detected.Scores.ElementAtOrDefault(place) };
        }

        private Detections Detected()
        {
            static float[] Values(ValueGetter<VBuffer<float>>? get)
            {
                VBuffer<float> values = default;
                get?.Invoke(ref values);
                return [.. values.DenseValues()];
            }

            return new Detections(
                [.. Values(_getBoxes).Chunk(FaceColumns.BoxValues).Select(box => new FaceBox(box[0], box[1], box[2], box[3]))],
                [.. Values(_getLandmarks).Chunk(FaceTemplate.LandmarkValues)],
                [.. Values(_getScores).Select(score => (double?)score)]);
        }

        public void Dispose()
        {
            _row.Dispose();
            _faces?.Dispose();
        }

        private sealed record Detections(FaceBox[] Boxes, float[][] Landmarks, double?[] Scores)
        {
            public FaceBox[] BoxesFrom(int place) => place == 0 ? Boxes : [Boxes[place], .. Boxes[..place], .. Boxes[(place + 1)..]];
        }
    }
}
