using Microsoft.ML.ArcFace.Alignment;

namespace Microsoft.ML.ArcFace.Faces;

/// <summary>
/// Estimates how a head is turned from five landmarks: the scaled orthographic projection that brings a face of average proportions
/// closest to them (the first step of POSIT; DeMenthon and Davis, 1995).
/// </summary>
/// <param name="Yaw">Degrees, over 0 to the right of the image.</param>
/// <param name="Pitch">Degrees, over 0 upwards.</param>
/// <param name="Roll">Degrees, over 0 clockwise in the image.</param>
internal readonly record struct FacePose(double Yaw, double Pitch, double Roll)
{
    /// <summary>
    /// How far the five points lie behind the plane of the eyes, in pixels of the template, of which 35 are between the eyes: the tip of
    /// the nose is about half of that before it, the corners of the mouth a tenth. Assumed proportions of an average face; people differ.
    /// </summary>
    private static readonly double[] s_depths = [0, 0, -17, -3.5, -3.5];

    /// <summary>The 5×3 points around their mean, and the inverse of their 3×3 scatter.</summary>
    private static readonly double[,] s_points = Points();
    private static readonly double[,] s_inverse = Inverse(Scatter());

    /// <summary>Gives the pose; null: the landmarks are no five points in a plane, such as one point.</summary>
    /// <param name="landmarks">x and y of left eye, right eye, nose, left and right corner of the mouth.</param>
    public static FacePose? Of(IReadOnlyList<float> landmarks)
    {
        double meanX = 0, meanY = 0;
        for (int i = 0; i < 5; i++)
        {
            meanX += landmarks[2 * i] / 5.0;
            meanY += landmarks[(2 * i) + 1] / 5.0;
        }

        // The rows of the projection: least squares of each coordinate over the points.
        double[] right = new double[3], down = new double[3], rightSums = new double[3], downSums = new double[3];
        for (int i = 0; i < 5; i++)
        {
            for (int axis = 0; axis < 3; axis++)
            {
                rightSums[axis] += s_points[i, axis] * (landmarks[2 * i] - meanX);
                downSums[axis] += s_points[i, axis] * (landmarks[(2 * i) + 1] - meanY);
            }
        }

        for (int axis = 0; axis < 3; axis++)
        {
            for (int inner = 0; inner < 3; inner++)
            {
                right[axis] += s_inverse[axis, inner] * rightSums[inner];
                down[axis] += s_inverse[axis, inner] * downSums[inner];
            }
        }

        double rightLength = Length(right), downLength = Length(down);
        if (!(rightLength > 1e-9 && downLength > 1e-9))
        {
            return null;
        }

        // The nearest orthonormal pair: what the two share is taken from both.
        double[] sum = new double[3], difference = new double[3];
        for (int axis = 0; axis < 3; axis++)
        {
            sum[axis] = (right[axis] / rightLength) + (down[axis] / downLength);
            difference[axis] = (right[axis] / rightLength) - (down[axis] / downLength);
        }

        double sumLength = Length(sum), differenceLength = Length(difference);
        if (!(sumLength > 1e-9 && differenceLength > 1e-9))
        {
            return null;
        }

        double[] i1 = new double[3], j1 = new double[3];
        for (int axis = 0; axis < 3; axis++)
        {
            double one = sum[axis] / sumLength, other = difference[axis] / differenceLength;
            (i1[axis], j1[axis]) = ((one + other) / Math.Sqrt(2), (one - other) / Math.Sqrt(2));
        }

        // With x to the right, y down and depth away from the camera, the third row is the product of the first two.
        double[] k = [(i1[1] * j1[2]) - (i1[2] * j1[1]), (i1[2] * j1[0]) - (i1[0] * j1[2]), (i1[0] * j1[1]) - (i1[1] * j1[0])];
        return new FacePose(
            Yaw: Degrees(Math.Atan2(k[0], k[2])),
            Pitch: Degrees(Math.Asin(Math.Clamp(-k[1], -1, 1))),
            Roll: Degrees(Math.Atan2(-i1[1], j1[1])));
    }

    /// <summary>The points of an average face, x, y and depth around their mean, in pixels of the template.</summary>
    internal static double[,] Points()
    {
        var points = new double[5, 3];
        for (int i = 0; i < 5; i++)
        {
            (points[i, 0], points[i, 1], points[i, 2]) = (FaceTemplate.Points[2 * i], FaceTemplate.Points[(2 * i) + 1], s_depths[i]);
        }

        for (int axis = 0; axis < 3; axis++)
        {
            double mean = Enumerable.Range(0, 5).Average(i => points[i, axis]);
            for (int i = 0; i < 5; i++)
            {
                points[i, axis] -= mean;
            }
        }

        return points;
    }

    private static double[,] Scatter()
    {
        var scatter = new double[3, 3];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                scatter[row, column] = Enumerable.Range(0, 5).Sum(i => s_points[i, row] * s_points[i, column]);
            }
        }

        return scatter;
    }

    /// <summary>The inverse of a 3×3 matrix by its cofactors.</summary>
    private static double[,] Inverse(double[,] matrix)
    {
        double Cofactor(int row, int column)
        {
            int r1 = (row + 1) % 3, r2 = (row + 2) % 3, c1 = (column + 1) % 3, c2 = (column + 2) % 3;
            return (matrix[r1, c1] * matrix[r2, c2]) - (matrix[r1, c2] * matrix[r2, c1]);
        }

        double determinant = Enumerable.Range(0, 3).Sum(column => matrix[0, column] * Cofactor(0, column));
        var inverse = new double[3, 3];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                inverse[row, column] = Cofactor(column, row) / determinant;
            }
        }

        return inverse;
    }

    private static double Degrees(double radians) => radians * 180 / Math.PI;

    private static double Length(double[] vector) => Math.Sqrt((vector[0] * vector[0]) + (vector[1] * vector[1]) + (vector[2] * vector[2]));
}
