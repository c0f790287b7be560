using System.Numerics;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>
/// Where the points of a turned head fall in the aligned picture. The head is an ellipsoid; the picture is what a
/// landmark detector and the similarity transform to ArcFace's template would have made of the photograph.
/// </summary>
internal sealed class HeadPose
{
    /// <summary>Left eye, right eye, nose, left and right corner of the mouth, as seen in a 112×112 picture.</summary>
    private static readonly Vector2[] Template =
        [new(38.2946f, 51.6963f), new(73.5318f, 51.5014f), new(56.0252f, 71.7366f), new(41.5493f, 92.3655f), new(70.7299f, 92.2041f)];

    private const float HeadCentreY = 4;
    private const float HeadHalfHeight = 66;
    private const float HeadDepth = 44;

    private readonly float _halfWidth;
    private readonly float _yaw;
    private readonly Vector3 _radii;
    private readonly Matrix4x4 _rotation;
    private readonly Matrix4x4 _back;
    private readonly Vector3 _rayAcross;
    private readonly Vector3 _rayDown;
    private readonly Vector3 _rayDirection;
    private readonly Matrix3x2 _toPicture;
    private readonly Matrix3x2 _fromPicture;

    public HeadPose(DrawnPerson person, Shot shot)
    {
        _yaw = shot.Yaw;
        _halfWidth = person.Head.CheekWidth + 2;
        _radii = new Vector3(_halfWidth, HeadHalfHeight, HeadDepth);
        _rotation = Matrix4x4.CreateRotationY(shot.Yaw) * Matrix4x4.CreateRotationX(-shot.Pitch) * Matrix4x4.CreateRotationZ(shot.Roll);
        _back = Matrix4x4.Transpose(_rotation);
        _rayAcross = Vector3.Transform(Vector3.UnitX, _back) / _radii;
        _rayDown = Vector3.Transform(Vector3.UnitY, _back) / _radii;
        _rayDirection = Vector3.Transform(Vector3.UnitZ, _back) / _radii;

        var noise = new SeededRandom(shot.DetailSeed, 1);
        MouthShape mouth = MouthShape.Of(person, shot);
        float eye = person.Eyes.Spacing / 2;
        ReadOnlySpan<Vector2> landmarks =
        [
            Turn(-eye, 0, 0), Turn(eye, 0, 0), Turn(0, person.Nose.TipY, person.Nose.Protrusion),
            Turn(-mouth.HalfWidth, mouth.CornerY, 0), Turn(mouth.HalfWidth, mouth.CornerY, 0),
        ];
        var found = new Complex[landmarks.Length];
        for (int i = 0; i < found.Length; i++)
        {
            found[i] = new Complex(landmarks[i].X + noise.Normal(shot.Misalignment), landmarks[i].Y + noise.Normal(shot.Misalignment));
        }

        _toPicture = AlignTo(Template, found);
        Matrix3x2.Invert(_toPicture, out _fromPicture);
    }

    /// <summary>The place in the picture of a point of the face; <paramref name="lift"/> raises it above the skin.</summary>
    public SKPoint Project(float x, float y, float lift = 0) => ToPicture(Turn(x, y, lift));

    /// <summary>The place in the picture of any point; z = 0 is the plane through the ears.</summary>
    public SKPoint ProjectAt(float x, float y, float z) => ToPicture(TurnAt(x, y, z));

    /// <summary>
    /// The place of a point of the outline. On the side turned away from the camera the outline is where the round
    /// head ends; on the near side it stays at the ear.
    /// </summary>
    public SKPoint ProjectEdge(float x, float y, float z)
    {
        if (x * _yaw <= 0)
        {
            return ProjectAt(x, y, z);
        }

        float along = MathF.Atan(HeadDepth / _halfWidth * MathF.Tan(MathF.Abs(_yaw)));
        return ProjectAt(x * MathF.Cos(along), y, MathF.Max(z, HeadDepth * MathF.Abs(x) / _halfWidth * MathF.Sin(along)));
    }

    /// <summary>
    /// The point of the head that is seen at a pixel, in coordinates of the unturned face, and its normal there.
    /// Beside the head it is the nearest point of the outline.
    /// </summary>
    public (Vector3 Point, Vector3 Normal) HeadAt(float pictureX, float pictureY)
    {
        Vector2 seen = Vector2.Transform(new Vector2(pictureX, pictureY), _fromPicture);

        // The ray x = origin + t·direction in the head's coordinates, in which the head is the unit sphere.
        Vector3 origin = (seen.X * _rayAcross) + ((seen.Y - HeadCentreY) * _rayDown);
        float a = _rayDirection.LengthSquared();
        float b = Vector3.Dot(origin, _rayDirection);
        float c = origin.LengthSquared() - 1;
        float discriminant = MathF.Max(0, (b * b) - (a * c));
        Vector3 onSphere = Vector3.Normalize(origin + (((-b + MathF.Sqrt(discriminant)) / a) * _rayDirection));
        return ((onSphere * _radii) + new Vector3(0, HeadCentreY, 0), Vector3.Normalize(onSphere / _radii));
    }

    /// <summary>Turns a direction of the picture into one of the unturned face.</summary>
    public Vector3 TurnBack(Vector3 direction) => Vector3.Transform(direction, _back);

    private Vector2 Turn(float x, float y, float lift)
    {
        float across = x / _halfWidth;
        float along = (y - HeadCentreY) / HeadHalfHeight;
        float z = HeadDepth * MathF.Sqrt(MathF.Max(0, 1 - (across * across) - (along * along)));
        return TurnAt(x, y, z + lift);
    }

    private Vector2 TurnAt(float x, float y, float z)
    {
        Vector3 turned = Vector3.Transform(new Vector3(x, y - HeadCentreY, z), _rotation);
        return new Vector2(turned.X, turned.Y + HeadCentreY);
    }

    private SKPoint ToPicture(Vector2 point)
    {
        Vector2 place = Vector2.Transform(point, _toPicture);
        return new SKPoint(place.X, place.Y);
    }

    /// <summary>The least-squares similarity transform of the plane, as w = a·z + b over complex numbers.</summary>
    private static Matrix3x2 AlignTo(ReadOnlySpan<Vector2> template, ReadOnlySpan<Complex> found)
    {
        Complex templateMean = 0;
        Complex foundMean = 0;
        for (int i = 0; i < found.Length; i++)
        {
            templateMean += new Complex(template[i].X, template[i].Y) / found.Length;
            foundMean += found[i] / found.Length;
        }

        Complex covariance = 0;
        double spread = 0;
        for (int i = 0; i < found.Length; i++)
        {
            Complex centred = found[i] - foundMean;
            covariance += Complex.Conjugate(centred) * (new Complex(template[i].X, template[i].Y) - templateMean);
            spread += (centred.Real * centred.Real) + (centred.Imaginary * centred.Imaginary);
        }

        Complex turn = covariance / spread;
        Complex shift = templateMean - (turn * foundMean);
        return new Matrix3x2((float)turn.Real, (float)turn.Imaginary, -(float)turn.Imaginary, (float)turn.Real, (float)shift.Real, (float)shift.Imaginary);
    }
}
